-- Every paid order once. The joined topic holds an order again when its payment was sent twice, when a repair
-- wrote its record again, or when a server with at-least-once processing was restarted; sums over that topic
-- would count it again. A repetition has its record's own timestamp, so it falls into the same hour, where it
-- makes the count 2: HAVING then turns the row into a tombstone, which a stream over this topic leaves out.
-- Without the first line ksqlDB gathers updates for two seconds, and an order repeated meanwhile never counts 1.
SET 'ksql.streams.cache.max.bytes.buffering' = '0';
CREATE TABLE IF NOT EXISTS macd_paid_orders WITH (
  KAFKA_TOPIC = 'macd_paid_orders',
  KEY_FORMAT = 'KAFKA',
  VALUE_FORMAT = 'AVRO'
) AS
SELECT
  order_key,
  EARLIEST_BY_OFFSET(`order_total`) AS order_total,
  EARLIEST_BY_OFFSET(`order_time`) AS order_time,
  EARLIEST_BY_OFFSET(`payment_method`) AS payment_method
FROM macd_orders_payments_joined
-- As long as a repair can reach back, which is the retention of the joined topic.
WINDOW TUMBLING (SIZE 1 HOUR, RETENTION 8 DAYS, GRACE PERIOD 7 DAYS)
GROUP BY order_key
HAVING COUNT(*) = 1
EMIT CHANGES;
