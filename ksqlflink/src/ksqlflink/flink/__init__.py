"""The Flink cluster that runs the queries."""
