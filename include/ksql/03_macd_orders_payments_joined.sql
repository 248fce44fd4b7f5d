-- Every order with its payment, at most 24 hours apart. The grace period is spelled out because a join
-- without one is deprecated and then keeps records for a further 24 hours behind the reader's back.
-- A key column never is part of the value; AS_VALUE copies it so that documents carry order_id as well.
CREATE STREAM IF NOT EXISTS macd_orders_payments_joined WITH (
  KAFKA_TOPIC = 'macd_orders_payments_joined',
  KEY_FORMAT = 'KAFKA',
  VALUE_FORMAT = 'AVRO'
) AS
SELECT
  o.order_id AS order_key,
  AS_VALUE(o.order_id) AS `order_id`,
  o.customer_id AS `customer_id`,
  o.order_total AS `order_total`,
  o.order_items AS `order_items`,
  o.order_time AS `order_time`,
  p.payment_id AS `payment_id`,
  p.payment_amount AS `payment_amount`,
  p.payment_method AS `payment_method`,
  p.payment_time AS `payment_time`
FROM macd_orders_stream o
INNER JOIN macd_payments_stream p
  WITHIN 24 HOURS GRACE PERIOD 24 HOURS
  ON o.order_id = p.order_id
EMIT CHANGES;
