-- Orders as they arrive. The record key already is the order id, so the join need not repartition this side.
-- Fields of a STRUCT are back-quoted because ksqlDB would otherwise write them to MongoDB in upper case.
CREATE STREAM IF NOT EXISTS macd_orders_stream (
  order_id VARCHAR KEY,
  customer_id VARCHAR,
  order_total DECIMAL(10, 2),
  order_items ARRAY<STRUCT<`item_name` VARCHAR, `quantity` INT, `price` DECIMAL(10, 2)>>,
  order_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'macd_orders',
  KEY_FORMAT = 'KAFKA',
  VALUE_FORMAT = 'AVRO',
  TIMESTAMP = 'order_time'
);
