"""A case passes with the right records and fails with wrong ones: shown with a stage that is no server."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ksqldb_conformance.case import load_cases
from ksqldb_conformance.codec import encode
from ksqldb_conformance.compare import parsed_schema
from ksqldb_conformance.kafka import _read_until_quiet
from ksqldb_conformance.replay import Limits, Replay
from ksqldb_conformance.services import OWN_CASES
from ksqldb_conformance.waiting import DeadlineError, wait_until

CASE = load_cases([OWN_CASES], ["jc01"])[0].model_copy(update={"pause_ms": 0})
SINK = "jc01_settled"


class FakeMessage:
    def __init__(self, topic, key, value, timestamp, partition=0):
        self._parts = (topic, key, value, timestamp, partition)

    def topic(self):
        return self._parts[0]

    def key(self):
        return self._parts[1]

    def value(self):
        return self._parts[2]

    def timestamp(self):
        return (1, self._parts[3])

    def partition(self):
        return self._parts[4]

    def headers(self):
        return None

    def error(self):
        return None


class FakeStage:
    """Answers like a server that does everything right; tests spoil one thing each."""

    def __init__(self):
        self.schemas = {subject: parsed_schema(schema) for subject, schema in CASE.output_schemas.items()}
        schema = self.schemas[f"{SINK}-value"]
        self.messages = [
            FakeMessage(
                SINK, str(record.key).encode(), encode(record.value, "AVRO", (schema, 1)), record.timestamp
            )
            for record in CASE.outputs[SINK]
        ]
        self.counts = dict(CASE.output_partitions)
        self.sent = []
        self.cleaned = 0
        self.warnings = []
        self.kept = []
        self.ksqldb = SimpleNamespace(execute=self._execute, running=lambda ids: True)
        self.registry = SimpleNamespace(schema=lambda _: schema, latest=self._latest)
        self.kafka = SimpleNamespace(
            producer=lambda: None,
            partitions=lambda: self.counts,
            read=lambda *_, **__: self.messages,
            keep_everything=self.kept.extend,
        )

    def _execute(self, statement, properties):
        return [{"commandStatus": {"queryId": None}, "warnings": self.warnings}]

    def _latest(self, subject):
        return (self.schemas[subject], 1) if subject in self.schemas else None

    def clean(self, topics):
        self.cleaned += 1

    def set_up(self, topics, schemas):
        pass

    def send(self, producer, record):
        self.sent.append(record)


def run(stage):
    return Replay(stage, CASE, Limits()).run()


def test_the_right_records_pass():
    stage = FakeStage()
    assert run(stage) == []
    assert stage.sent == CASE.inputs
    assert stage.kept == [SINK]
    assert stage.cleaned == 2


@pytest.mark.parametrize("first", [True, False])
def test_the_inputs_come_before_or_after_the_statements(first):
    stage, done = FakeStage(), []
    stage.send = lambda _, record: done.append("input")
    execute = stage.ksqldb.execute
    stage.ksqldb.execute = lambda *given: done.append("statement") or execute(*given)
    case = CASE.model_copy(update={"produce_first": first})
    assert Replay(stage, case, Limits()).run() == []
    inputs, statements = ["input"] * len(CASE.inputs), ["statement"] * len(CASE.statements)
    assert done == (inputs + statements if first else statements + inputs)


def _lose(stage):
    stage.messages.pop()


def _repeat(stage):
    stage.messages.append(stage.messages[0])


def _move(stage):
    topic, key, value, timestamp, _ = stage.messages[0]._parts
    stage.messages[0] = FakeMessage(topic, key, value, timestamp + 1)


def _garble(stage):
    stage.messages[0] = FakeMessage(SINK, b"t-11", b"garbled", 0)


def _unregister(stage):
    stage.schemas = {}


def _register_a_key(stage):
    stage.schemas[f"{SINK}-key"] = "string"


def _repartition(stage):
    stage.counts = {SINK: 2}


def _warn(stage):
    stage.warnings = [{"message": "mind the gap"}]


def _refuse(stage):
    stage.ksqldb.execute = lambda *_: (_ for _ in ()).throw(RuntimeError("refused"))


@pytest.mark.parametrize(
    "spoil",
    [_lose, _repeat, _move, _garble, _unregister, _register_a_key, _repartition, _warn, _refuse],
    ids=lambda spoil: spoil.__name__.strip("_"),
)
def test_a_wrong_result_is_reported(spoil):
    stage = FakeStage()
    spoil(stage)
    assert run(stage)
    assert stage.cleaned >= 1


class FakeConsumer:
    """Gives one record a poll, None in between and for ever after."""

    def __init__(self, records):
        self.records = list(records)

    def poll(self, timeout):
        return self.records.pop(0) if self.records else None


def test_reading_goes_on_for_a_quiet_period_and_catches_what_is_too_many():
    record = FakeMessage("t", None, None, 0)
    consumer = FakeConsumer([None, record, None, record, record])
    assert len(_read_until_quiet(consumer, {"t": 2}, deadline_s=5, quiet_s=0.05)) == 3


def test_reading_ends_at_the_deadline_when_records_are_missing():
    assert _read_until_quiet(FakeConsumer([]), {"t": 1}, deadline_s=0.05, quiet_s=0.01) == []


def test_waiting_ends_with_what_did_not_happen():
    with pytest.raises(DeadlineError, match=r"the flood did not happen within 0\.01 s"):
        wait_until(lambda: False, 0.01, "the flood")
