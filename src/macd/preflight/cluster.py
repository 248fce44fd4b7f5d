"""Which Kafka cluster answers: asked once, for Kafka's own checks and for those that compare with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

from macd.clients.kafka import ClusterState, client_config
from macd.errors import MacdError, ServiceUnreachable
from macd.pipeline import Pipeline
from macd.preflight import network

SERVICE = "Kafka"
# Seconds: longer than a broker takes to refuse credentials, which librdkafka tries again until time is up.
TIMEOUT_S = 8.0


class ClusterOnce:
    """Calls `find` for the first that asks; the others, in whatever thread, get the same answer or error."""

    def __init__(self, find: Callable[[], ClusterState]) -> None:
        self._find = find
        self._lock = Lock()
        self._found: Future[ClusterState] = Future()

    def __call__(self) -> ClusterState:
        """The cluster, or the error that kept us from learning which it is."""
        with self._lock:
            if not self._found.done():
                self._ask()
        return self._found.result()

    def _ask(self) -> None:
        try:
            self._found.set_result(self._find())
        except MacdError as error:
            self._found.set_exception(error)


def find_cluster(pipeline: Pipeline) -> ClusterState:
    """The cluster of the pipeline; says at once why no address answers, which librdkafka would not."""
    config = client_config(pipeline.services.kafka)
    _reach(str(config.get("bootstrap.servers", "")).split(","))
    admin = pipeline.kafka
    try:
        return admin.cluster(TIMEOUT_S)
    except ServiceUnreachable as error:
        raise ServiceUnreachable(
            SERVICE,
            f"it accepts connections, but not ours: {admin.notice or 'no answer'}.",
            remedy="Check security.protocol (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL), sasl.mechanisms and "
            f"the certificate authority in macd_kafka. {error.remedy}",
        ) from error


def _reach(addresses: list[str]) -> None:
    """One address that answers is enough: the others may be down."""
    failures: list[ServiceUnreachable] = []
    for address in addresses:
        try:
            return network.connect(SERVICE, address.strip().rpartition("://")[2])
        except ServiceUnreachable as error:
            failures.append(error)
    raise failures[0]
