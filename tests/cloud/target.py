"""What a user would have set for the target `cloud`; MACD_CLOUD_API_URL is the fake's own address."""

from __future__ import annotations

from tests.cloud.connect import CLUSTER
from tests.cloud.connect import ENVIRONMENT as PLACE
from tests.cloud.credentials import CLOUD_KEY, CLOUD_SECRET

ENVIRONMENT = {
    "MACD_CLOUD_API_URL": "https://api.confluent.test",
    "MACD_CLOUD_API_KEY": CLOUD_KEY,
    "MACD_CLOUD_API_SECRET": CLOUD_SECRET,
    "MACD_CLOUD_ENVIRONMENT": PLACE,
    "MACD_CLOUD_KAFKA_CLUSTER": CLUSTER,
    "MACD_CLOUD_KAFKA_BOOTSTRAP": "pkc-fake1.ap-south-1.aws.confluent.test:9092",
    "MACD_CLOUD_KAFKA_API_KEY": "KAFKAKEY00000001",
    "MACD_CLOUD_KAFKA_API_SECRET": "canary-kafka",
    "MACD_CLOUD_REGISTRY_URL": "https://psrc-fake1.test",
    "MACD_CLOUD_REGISTRY_API_KEY": "REGISTRYKEY00001",
    "MACD_CLOUD_REGISTRY_API_SECRET": "canary-registry",
    "MACD_CLOUD_KSQLDB_URL": "https://pksqlc-fake1.test:443",
    "MACD_CLOUD_KSQLDB_API_KEY": "KSQLDBKEY0000001",
    "MACD_CLOUD_KSQLDB_API_SECRET": "canary-ksqldb",
    "MACD_CLOUD_MONGODB_HOST": "macd.fake.mongodb.net",
    "MACD_CLOUD_MONGODB_USER": "sink",
    "MACD_CLOUD_MONGODB_PASSWORD": "canary-mongo-pw",
    "MACD_CLOUD_CONNECT_SERVICE_ACCOUNT": "sa-fake1",
}
