CREATE STREAM burgers (id INT KEY, name VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM upper_burgers AS SELECT id, UCASE(name) AS name FROM burgers;
