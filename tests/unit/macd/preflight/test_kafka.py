from __future__ import annotations

import pytest
from confluent_kafka.admin import AclOperation

from macd.errors import AuthenticationFailed, RequestRejected
from macd.preflight import kafka as module
from macd.preflight.kafka import NEEDED
from macd.preflight.result import Outcome

CHECKS = module.checks


def test_topics_are_validated_and_the_existing_ones_counted(look, kafka, pipeline):
    answer = look("create topics")
    assert answer.outcome is Outcome.OK
    assert answer.detail == f"{len(pipeline.topics) - 1} could be created, 1 exist"


def test_a_topic_that_the_broker_would_refuse_fails_with_its_reason(look, kafka):
    kafka.refusal = RequestRejected("Kafka", "INVALID_REPLICATION_FACTOR: 1 broker", remedy="Read its log.")
    answer = look("create topics")
    assert answer.outcome is Outcome.FAILED
    assert "INVALID_REPLICATION_FACTOR" in answer.detail
    assert "include/topics" in answer.remedy


def test_a_missing_right_to_create_is_the_clients_own_error(look, kafka):
    kafka.refusal = AuthenticationFailed("Kafka", "refused", remedy="Check the ACLs.")
    with pytest.raises(AuthenticationFailed):
        look("create topics")


def test_each_missing_right_is_named_with_its_topic(look, kafka):
    kafka.rights = frozenset({AclOperation.READ, AclOperation.DESCRIBE_CONFIGS})
    answer = look("use topics")
    assert answer.outcome is Outcome.FAILED
    assert answer.detail == "not allowed: ALTER_CONFIGS, WRITE on macd_orders"


def test_the_dead_letter_topic_is_only_read(look, kafka):
    kafka.existing = {"dlq.macd_orders_payments_joined"}
    kafka.rights = frozenset(NEEDED)
    assert look("use topics").outcome is Outcome.OK


@pytest.mark.parametrize(("existing", "rights"), [(set(), frozenset()), ({"macd_orders"}, None)])
def test_what_cannot_be_asked_is_not_called_well(look, kafka, existing, rights):
    kafka.existing, kafka.rights = existing, rights
    assert look("use topics").outcome is Outcome.UNKNOWN
