-- Run it:  ksqlflink test orders_and_payments.sql

--@test: an order is joined with its payment
CREATE STREAM orders (order_id VARCHAR KEY, customer VARCHAR, total DECIMAL(10, 2))
  WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON');
CREATE STREAM payments (payment_id VARCHAR KEY, order_id VARCHAR, amount DECIMAL(10, 2))
  WITH (KAFKA_TOPIC = 'payments', VALUE_FORMAT = 'JSON');
CREATE STREAM paid AS
  SELECT o.order_id AS order_id, o.customer AS customer, p.amount - o.total AS difference
  FROM orders o JOIN payments p WITHIN 1 HOUR GRACE PERIOD 1 DAY ON o.order_id = p.order_id;
CREATE TABLE spent AS
  SELECT customer, COUNT(*) AS orders, SUM(difference) AS tips FROM paid GROUP BY customer;

ASSERT STREAM paid (order_id VARCHAR KEY, customer VARCHAR, difference DECIMAL(11, 2)) WITH (KAFKA_TOPIC = 'PAID');

INSERT INTO orders (ROWTIME, order_id, customer, total) VALUES (1000, 'o1', 'Ann', 10.00);
INSERT INTO payments (ROWTIME, payment_id, order_id, amount) VALUES (2000, 'p1', 'o1', 12.50);
INSERT INTO payments (ROWTIME, payment_id, order_id, amount) VALUES (3000, 'p2', 'o2', 7.00);
INSERT INTO orders (ROWTIME, order_id, customer, total) VALUES (2500, 'o2', 'Ann', 7.00);

ASSERT VALUES paid (ROWTIME, order_id, customer, difference) VALUES (2000, 'o1', 'Ann', 2.50);
ASSERT VALUES paid (ROWTIME, order_id, difference) VALUES (3000, 'o2', 0.00);
ASSERT VALUES spent (customer, orders, tips) VALUES ('Ann', 1, 2.50);
ASSERT VALUES spent (customer, orders, tips) VALUES ('Ann', 2, 2.50);

--@test: a join of more than an hour apart gives nothing
--@expected.message: Expected another record, but all records have already been read
CREATE STREAM orders (order_id VARCHAR KEY) WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON');
CREATE STREAM payments (payment_id VARCHAR KEY, order_id VARCHAR)
  WITH (KAFKA_TOPIC = 'payments', VALUE_FORMAT = 'JSON');
CREATE STREAM paid AS
  SELECT o.order_id AS order_id, p.payment_id AS payment_id
  FROM orders o JOIN payments p WITHIN 1 HOUR GRACE PERIOD 1 DAY ON o.order_id = p.order_id;
INSERT INTO orders (ROWTIME, order_id) VALUES (0, 'o1');
INSERT INTO payments (ROWTIME, payment_id, order_id) VALUES (3600001, 'p1', 'o1');
ASSERT VALUES paid (order_id) VALUES ('o1');

--@test: keys of different types cannot be joined
--@expected.error: io.confluent.ksql.util.KsqlStatementException
--@expected.message: Key types differ: STRING vs INTEGER
CREATE STREAM orders (order_id VARCHAR KEY) WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON');
CREATE STREAM payments (payment_id INT KEY) WITH (KAFKA_TOPIC = 'payments', VALUE_FORMAT = 'JSON');
CREATE STREAM paid AS SELECT * FROM orders o JOIN payments p WITHIN 1 HOUR ON o.order_id = p.payment_id;
