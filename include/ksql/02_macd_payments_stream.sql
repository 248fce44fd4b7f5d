-- Payments as they arrive, keyed by their own id: the join repartitions them by order_id.
CREATE STREAM IF NOT EXISTS macd_payments_stream (
  payment_id VARCHAR KEY,
  order_id VARCHAR,
  payment_amount DECIMAL(10, 2),
  payment_method VARCHAR,
  payment_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'macd_payments',
  KEY_FORMAT = 'KAFKA',
  VALUE_FORMAT = 'AVRO',
  TIMESTAMP = 'payment_time'
);
