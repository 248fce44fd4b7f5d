-- The pipeline's own statements with a few orders and payments: ksqlflink test tests/specs/ksql

--@test: an order and its payment, whichever comes first
RUN SCRIPT 'statements.sql';
INSERT INTO macd_orders_stream (order_id, customer_id, order_total, order_items, order_time) VALUES
  ('o-1', 'cust_10001', 17.97, ARRAY[STRUCT(`item_name`:='Big Mac', `quantity`:=2, `price`:=5.99), STRUCT(`item_name`:='Fries', `quantity`:=1, `price`:=5.99)], '2024-06-15T08:00:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_method, payment_time) VALUES
  ('p-1', 'o-1', 17.97, 'credit_card', '2024-06-15T08:02:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_method, payment_time) VALUES
  ('p-2', 'o-2', 4.00, 'cash', '2024-06-15T09:05:00');
INSERT INTO macd_orders_stream (order_id, customer_id, order_total, order_items, order_time) VALUES
  ('o-2', 'cust_10002', 4.00, ARRAY[STRUCT(`item_name`:='Coffee', `quantity`:=2, `price`:=2.00)], '2024-06-15T09:00:00');
-- The record's time is the later of the two.
ASSERT VALUES macd_orders_payments_joined
  (ROWTIME, order_key, `order_id`, `customer_id`, `order_total`, `order_items`, `order_time`, `payment_id`, `payment_amount`, `payment_method`, `payment_time`) VALUES
  (1718438520000, 'o-1', 'o-1', 'cust_10001', 17.97, ARRAY[STRUCT(`item_name`:='Big Mac', `quantity`:=2, `price`:=5.99), STRUCT(`item_name`:='Fries', `quantity`:=1, `price`:=5.99)], '2024-06-15T08:00:00', 'p-1', 17.97, 'credit_card', '2024-06-15T08:02:00');
ASSERT VALUES macd_orders_payments_joined (ROWTIME, order_key, `payment_id`, `payment_method`) VALUES
  (1718442300000, 'o-2', 'p-2', 'cash');

--@test: a payment within 24 hours is joined, a later one is not
RUN SCRIPT 'statements.sql';
INSERT INTO macd_orders_stream (order_id, order_total, order_time) VALUES ('o-1', 1.00, '2024-06-15T08:00:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_time) VALUES ('late', 'o-1', 1.00, '2024-06-16T08:00:00.001');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_time) VALUES ('in time', 'o-1', 1.00, '2024-06-16T08:00:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_time) VALUES ('of nobody', 'o-9', 1.00, '2024-06-15T08:00:00');
ASSERT VALUES macd_orders_payments_joined (order_key, `payment_id`) VALUES ('o-1', 'in time');

--@test: there is no further pair
--@expected.message: Expected another record, but all records have already been read
RUN SCRIPT 'statements.sql';
INSERT INTO macd_orders_stream (order_id, order_total, order_time) VALUES ('o-1', 1.00, '2024-06-15T08:00:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_time) VALUES ('late', 'o-1', 1.00, '2024-06-16T08:00:00.001');
ASSERT VALUES macd_orders_payments_joined (order_key) VALUES ('o-1');

--@test: a payment that is not the order's total is listed with the difference
RUN SCRIPT 'statements.sql';
INSERT INTO macd_orders_stream (order_id, customer_id, order_total, order_time) VALUES ('o-1', 'c', 10.00, '2024-06-15T08:00:00');
INSERT INTO macd_orders_stream (order_id, customer_id, order_total, order_time) VALUES ('o-2', 'd', 10.00, '2024-06-15T08:00:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_method, payment_time) VALUES ('p-1', 'o-1', 10.00, 'cash', '2024-06-15T08:01:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_method, payment_time) VALUES ('p-2', 'o-2', 9.99, 'cash', '2024-06-15T08:01:00');
ASSERT VALUES macd_payment_mismatches (order_key, `order_id`, `customer_id`, `order_total`, `payment_amount`, `difference`, `payment_id`) VALUES
  ('o-2', 'o-2', 'd', 10.00, 9.99, -0.01, 'p-2');

--@test: an order that was paid twice counts once in its hour's revenue
RUN SCRIPT 'statements.sql';
INSERT INTO macd_orders_stream (order_id, order_total, order_time) VALUES ('o-1', 10.00, '2024-06-15T08:00:00');
INSERT INTO macd_orders_stream (order_id, order_total, order_time) VALUES ('o-2', 5.00, '2024-06-15T08:59:59');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_method, payment_time) VALUES ('p-1', 'o-1', 10.00, 'cash', '2024-06-15T08:01:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_method, payment_time) VALUES ('p-1', 'o-1', 10.00, 'cash', '2024-06-15T08:01:00');
INSERT INTO macd_payments_stream (payment_id, order_id, payment_amount, payment_method, payment_time) VALUES ('p-2', 'o-2', 5.00, 'cash', '2024-06-15T09:01:00');
ASSERT VALUES macd_paid_orders (order_key, WINDOWSTART, order_total, payment_method) VALUES ('o-1', 1718438400000, 10.00, 'cash');
ASSERT NULL VALUES macd_paid_orders (order_key) KEY ('o-1');
ASSERT VALUES macd_paid_orders (order_key, WINDOWSTART, order_total) VALUES ('o-2', 1718442000000, 5.00);
ASSERT VALUES macd_hourly_revenue (method_key, WINDOWSTART, `_id`, `hour`, `payment_method`, `orders`, `revenue`, `average_basket`) VALUES
  ('cash', 1718438400000, '2024-06-15T08 cash', '2024-06-15T08:00:00', 'cash', 1, 10.00, 10.00);
ASSERT VALUES macd_hourly_revenue (method_key, `orders`, `revenue`, `average_basket`) VALUES ('cash', 2, 15.00, 7.50);
