-- Orders whose payment is not their total. A record that is joined twice gives the same document twice,
-- so this stream need not tell a repetition from the first.
CREATE STREAM IF NOT EXISTS macd_payment_mismatches WITH (
  KAFKA_TOPIC = 'macd_payment_mismatches',
  KEY_FORMAT = 'KAFKA',
  VALUE_FORMAT = 'AVRO'
) AS
SELECT
  order_key,
  `order_id`,
  `customer_id`,
  `order_total`,
  `payment_amount`,
  `payment_amount` - `order_total` AS `difference`,
  `payment_id`,
  `payment_method`,
  `order_time`,
  `payment_time`
FROM macd_orders_payments_joined
WHERE `order_total` <> `payment_amount`
EMIT CHANGES;
