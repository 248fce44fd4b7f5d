--@test: good
CREATE STREAM burgers (id INT KEY, name VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
INSERT INTO burgers (id, name) VALUES (1, 'big');
ASSERT VALUES burgers (id, name) VALUES (1, 'big');

--@test: wrong value
CREATE STREAM burgers (id INT KEY, name VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM copies AS SELECT * FROM burgers;
INSERT INTO burgers (id, name) VALUES (1, 'big');

ASSERT VALUES copies (id, name) VALUES (1, 'small');

--@test: refused
-- a comment before it
CREATE STREAM copies AS
  SELECT * FROM nobody;

--@test: does not fail
--@expected.error: io.confluent.ksql.util.KsqlException
--@expected.message: some trouble
CREATE STREAM burgers (id INT KEY) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');

--@test: fails otherwise
--@expected.message: some trouble
CREATE STREAM copies AS SELECT * FROM nobody;

--@test: no statement
CREATE STREAM burgers (id INT KEY) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
ASSERT VALUES burgers (id) WALUES (1);

--@test: no values
CREATE STREAM burgers (id INT KEY) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
ASSERT VALUES burgers SELECT * FROM burgers;

--@test: no file
RUN SCRIPT 'nobody.sql';
