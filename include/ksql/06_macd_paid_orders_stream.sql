-- The paid orders as they come, each in the hour in which it was placed. The key (order and hour) is not needed.
CREATE STREAM IF NOT EXISTS macd_paid_orders_stream (
  order_total DECIMAL(10, 2),
  order_time TIMESTAMP,
  payment_method VARCHAR
) WITH (
  KAFKA_TOPIC = 'macd_paid_orders',
  VALUE_FORMAT = 'AVRO',
  TIMESTAMP = 'order_time'
);
