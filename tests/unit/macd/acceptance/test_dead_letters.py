"""What the kit writes to the joined topic so that MongoDB refuses it."""

from __future__ import annotations

from macd.acceptance.dead_letters import Scene
from tests.unit.macd.fakes import FakeMessage


def record(key: bytes, value: bytes, time: int) -> FakeMessage:
    return FakeMessage(("joined", 1), key, value, time, [("macd_run_id", b"r")])


def test_the_refused_record_repeats_an_order_with_the_payment_of_another():
    scene = Scene(
        record(b"a", b"A", 1), record(b"b", b"BY", 2), [record(b"c", b"C", 3), record(b"d", b"D", 4)]
    )
    written = list(scene.records())
    assert [(each.key, each.value, each.timestamp) for each in written] == [
        (b"macd-acceptance", b"B", 1),
        (b"a", b"BY", 1),
        (b"c", b"C", 3),
        (b"d", b"D", 4),
    ]
    assert {(each.topic, each.partition) for each in written} == {("joined", 1)}
    marked = [("macd_run_id", b"r"), ("macd.replay", b"1")]
    assert [each.headers for each in written] == [[], marked, marked, marked]
