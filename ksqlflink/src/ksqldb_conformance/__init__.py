"""Black-box conformance runner for ksqlDB-compatible servers.

It speaks only the public interfaces (Kafka protocol, Confluent Schema Registry REST, ksqlDB REST), so the
same recordings judge the embedded server, a ksqlDB server or a cluster in the cloud.
"""
