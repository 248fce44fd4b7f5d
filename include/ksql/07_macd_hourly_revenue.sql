-- What was sold in each hour, by payment method. _id makes an hour's later update replace its document.
-- A sum has the type of what it adds, so the total is widened first: a hundred million dollars overflow it.
-- Money divided by a count gives null wherever the quotient does not end (1 / 3), so the average is a DOUBLE's.
CREATE TABLE IF NOT EXISTS macd_hourly_revenue WITH (
  KAFKA_TOPIC = 'macd_hourly_revenue',
  KEY_FORMAT = 'KAFKA',
  VALUE_FORMAT = 'AVRO'
) AS
SELECT
  payment_method AS method_key,
  FORMAT_TIMESTAMP(FROM_UNIXTIME(WINDOWSTART), 'yyyy-MM-dd''T''HH', 'UTC') + ' ' + payment_method AS `_id`,
  FROM_UNIXTIME(WINDOWSTART) AS `hour`,
  AS_VALUE(payment_method) AS `payment_method`,
  COUNT(*) AS `orders`,
  SUM(CAST(order_total AS DECIMAL(18, 2))) AS `revenue`,
  CAST(AVG(CAST(order_total AS DOUBLE)) AS DECIMAL(18, 2)) AS `average_basket`
FROM macd_paid_orders_stream
WINDOW TUMBLING (SIZE 1 HOUR, RETENTION 8 DAYS, GRACE PERIOD 7 DAYS)
WHERE payment_method IS NOT NULL
GROUP BY payment_method
EMIT CHANGES;
