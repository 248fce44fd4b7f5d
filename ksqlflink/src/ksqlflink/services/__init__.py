"""Kafka and the schema registry, as the server uses them."""
