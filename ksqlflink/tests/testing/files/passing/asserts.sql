-- What a test can say of its sources and records, and what it can expect to fail.

--@test: a record is asserted by some of its columns, in any order
CREATE STREAM burgers (id INT KEY, name VARCHAR, price DECIMAL(4, 2)) WITH (KAFKA_TOPIC='burgers', VALUE_FORMAT='AVRO');
CREATE STREAM dear AS SELECT * FROM burgers WHERE price > 5;
INSERT INTO burgers (ROWTIME, id, name, price) VALUES (7, 1, 'big; one', 5.99);
INSERT INTO burgers (ROWTIME, id, name, price) VALUES (8, 2, 'small', 1.20);
INSERT INTO burgers (ROWTIME, id, name, price) VALUES (9, 3, NULL, 10.00);
ASSERT VALUES dear (name, id) VALUES ('big; one', 1);
ASSERT VALUES dear (ROWTIME, id, name, price) VALUES (9, 3, NULL, 10.00);

--@test: all columns where none are named
CREATE STREAM burgers (id INT KEY, name VARCHAR) WITH (KAFKA_TOPIC='burgers', VALUE_FORMAT='JSON');
CREATE STREAM copies AS SELECT * FROM burgers;
INSERT INTO burgers VALUES (1, 'big');
ASSERT VALUES copies VALUES (1, 'big');

--@test: a tombstone
CREATE TABLE stock (id INT PRIMARY KEY, amount INT) WITH (KAFKA_TOPIC='stock', VALUE_FORMAT='JSON');
CREATE TABLE left_over AS SELECT * FROM stock WHERE amount > 0;
INSERT INTO stock (id, amount) VALUES (1, 5);
INSERT INTO stock (id, amount) VALUES (1, 0);
ASSERT VALUES left_over (id, amount) VALUES (1, 5);
ASSERT NULL VALUES left_over (id) KEY (1);

--@test: windows
CREATE STREAM burgers (id INT KEY, price DOUBLE) WITH (KAFKA_TOPIC='burgers', VALUE_FORMAT='JSON');
CREATE TABLE minutely AS SELECT id, COUNT(*) AS n FROM burgers WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY id;
INSERT INTO burgers (ROWTIME, id, price) VALUES (61000, 1, 2.5);
INSERT INTO burgers (ROWTIME, id, price) VALUES (62000, 1, 3.5);
ASSERT VALUES minutely (id, WINDOWSTART, WINDOWEND, n) VALUES (1, 60000, 120000, 1);
ASSERT VALUES minutely (ROWTIME, id, n) VALUES (62000, 1, 2);

--@test: queries one behind the other, and a join
CREATE STREAM orders (id VARCHAR KEY, total DOUBLE) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON');
CREATE STREAM payments (payment VARCHAR KEY, order_id VARCHAR, amount DOUBLE) WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON');
CREATE STREAM paid AS SELECT o.id AS id, o.total AS total, p.amount AS amount
    FROM orders o JOIN payments p WITHIN 1 HOUR GRACE PERIOD 1 DAY ON o.id = p.order_id;
CREATE TABLE differences AS SELECT id, SUM(amount - total) AS difference FROM paid GROUP BY id;
INSERT INTO orders (ROWTIME, id, total) VALUES (1000, 'o1', 10.0);
INSERT INTO payments (ROWTIME, payment, order_id, amount) VALUES (2000, 'p1', 'o1', 9.5);
ASSERT VALUES paid (ROWTIME, id, total, amount) VALUES (2000, 'o1', 10.0, 9.5);
ASSERT VALUES differences (id, difference) VALUES ('o1', -0.5);

--@test: what the sources are
CREATE STREAM burgers (id INT KEY, name VARCHAR, sold VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', TIMESTAMP='sold', TIMESTAMP_FORMAT='yyyy');
CREATE TABLE counted AS SELECT name, COUNT(*) AS n FROM burgers GROUP BY name;
ASSERT STREAM burgers (id INT KEY, name STRING, sold VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', TIMESTAMP='SOLD', TIMESTAMP_FORMAT='yyyy');
ASSERT TABLE counted (name VARCHAR PRIMARY KEY, n BIGINT) WITH (KAFKA_TOPIC='COUNTED', KEY_FORMAT='KAFKA');

--@test: statements of another file
RUN SCRIPT 'scripts/burgers.sql';
INSERT INTO burgers (id, name) VALUES (1, 'big');
ASSERT VALUES upper_burgers (id, name) VALUES (1, 'BIG');

--@test: settings last for the rest of the test
CREATE STREAM burgers (id INT KEY, name VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
INSERT INTO burgers (id, name) VALUES (1, 'early');
SET 'auto.offset.reset' = 'latest';
CREATE STREAM later AS SELECT * FROM burgers;
SET 'auto.offset.reset' = 'earliest';
CREATE STREAM whole AS SELECT * FROM burgers;
INSERT INTO burgers (id, name) VALUES (2, 'late');
ASSERT VALUES later (id) VALUES (2);
ASSERT VALUES whole (id) VALUES (1);
ASSERT VALUES whole (id) VALUES (2);

--@test: queries that end or are replaced
CREATE STREAM burgers (id INT KEY, name VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM named AS SELECT id, name FROM burgers;
INSERT INTO burgers (id, name) VALUES (1, 'a');
CREATE OR REPLACE STREAM named AS SELECT id, UCASE(name) AS name FROM burgers;
INSERT INTO burgers (id, name) VALUES (2, 'b');
PAUSE ALL;
INSERT INTO burgers (id, name) VALUES (3, 'c');
RESUME ALL;
INSERT INTO named SELECT id, name FROM burgers WHERE id = 4;
INSERT INTO burgers (id, name) VALUES (4, 'd');
TERMINATE ALL;
INSERT INTO burgers (id, name) VALUES (5, 'e');
ASSERT VALUES named VALUES (1, 'a');
ASSERT VALUES named VALUES (2, 'B');
ASSERT VALUES named VALUES (3, 'C');
ASSERT VALUES named VALUES (4, 'D');
ASSERT VALUES named VALUES (4, 'd');
DROP STREAM named DELETE TOPIC;

--@test: a wrong value is noticed
--@expected.error: java.lang.AssertionError
--@expected.message: Expected record does not match actual
CREATE STREAM burgers (id INT KEY, name VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
INSERT INTO burgers (id, name) VALUES (1, 'big');
ASSERT VALUES burgers (id, name) VALUES (1, 'small');

--@test: a missing record is noticed
--@expected.error: java.lang.AssertionError
--@expected.message: Expected another record, but all records have already been read
CREATE STREAM burgers (id INT KEY, name VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
INSERT INTO burgers (id, name) VALUES (1, 'big');
ASSERT VALUES burgers (id) VALUES (1);
ASSERT VALUES burgers (id) VALUES (1);

--@test: a refused statement is expected
--@expected.error: io.confluent.ksql.util.KsqlException
--@expected.message: NOBODY does not exist
CREATE STREAM copies AS SELECT * FROM nobody;
