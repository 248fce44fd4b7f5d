"""The mock producer: deterministic orders and payments, every one acknowledged by Kafka."""
