"""A ksqlDB-compatible server that runs its queries as Flink SQL."""
