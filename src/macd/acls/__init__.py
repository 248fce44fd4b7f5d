"""What each service account may do on Kafka: rules by name, and the commands that set them."""

from macd.acls.commands import confluent, kafka_acls
from macd.acls.grants import Grant, grants

__all__ = ["Grant", "confluent", "grants", "kafka_acls"]
