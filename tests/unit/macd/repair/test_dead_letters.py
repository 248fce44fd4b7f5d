from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.repair.affected import KnownRuns
from macd.repair.dead_letters import MOST_ATTEMPTS, Kind, judge, judge_all
from tests.unit.macd.fakes import AS_OF
from tests.unit.macd.quality.test_reconcile import manifest_of
from tests.unit.macd.repair.world import REFUSED, SKIPPED, World, dead_letter

DRIVER = ("com.mongodb.MongoSocketWriteException", "com.mongodb.MongoTimeoutException")


@pytest.mark.parametrize(
    ("error", "message", "kind"),
    [
        (SKIPPED, "", Kind.SKIPPED),
        ("com.mongodb.kafka.connect.sink.dlq.WriteConcernException", "", Kind.SKIPPED),
        *((error, "Exception sending message", Kind.SKIPPED) for error in DRIVER),
        (REFUSED, "v=1, code=11000, message=E11000 duplicate key, details={}", Kind.BAD),
        (REFUSED, "v=1, code=189, message=PrimarySteppedDown, details={}", Kind.SKIPPED),
        ("org.apache.kafka.connect.errors.DataException", "no _id", Kind.BAD),
        ("org.apache.kafka.common.errors.SerializationException", "", Kind.BAD),
        ("java.lang.IllegalStateException", "artifact reference cannot be null", Kind.BAD),
        ("org.bson.BsonMaximumSizeExceededException", "", Kind.BAD),
        ("", "", Kind.BAD),
    ],
)
def test_the_sinks_error_decides(error: str, message: str, kind: Kind) -> None:
    judged = judge(dead_letter(0, b"a", error, message), set(), {})
    assert judged.kind is kind
    assert judged.reason


def test_a_reason_is_told_without_the_login_of_the_sink() -> None:
    judged = judge(dead_letter(0, b"a", REFUSED, "no mongodb://macd:canary@db.test/"), set(), {})
    assert judged.reason.endswith(": no mongodb://***@db.test/")


def test_a_stored_order_is_left_alone_whatever_its_error() -> None:
    assert judge(dead_letter(0, b"a", REFUSED), {"a"}, {}).kind is Kind.STORED


@pytest.mark.parametrize(("key", "value", "says"), [(None, b"x", "no key"), (b"a", None, "no value")])
def test_without_key_or_value_there_is_nothing_to_replay(key, value, says) -> None:
    judged = judge(dead_letter(0, key, SKIPPED, value=value), set(), {})
    assert judged.kind is Kind.BAD
    assert says in judged.reason


def test_what_came_back_too_often_is_exhausted_and_says_so() -> None:
    judged = judge(dead_letter(0, b"a", attempts=MOST_ATTEMPTS), set(), {b"a": MOST_ATTEMPTS})
    assert judged.kind is Kind.EXHAUSTED
    assert "replayed 3 times and back again" in judged.reason
    more = judge(dead_letter(0, b"a", attempts=MOST_ATTEMPTS), set(), {}, most_attempts=10)
    assert more.kind is Kind.SKIPPED


def test_an_order_of_a_run_that_retention_deleted_is_not_replayed() -> None:
    known, deleted = (Run(name, SeedParameters(orders=2), AS_OF) for name in ("known", "deleted"))
    keys = [run.order_ids.maker()(1).encode() for run in (known, deleted)]
    forgot = KnownRuns([manifest_of(known)]).forgot
    kinds = [judge(dead_letter(0, key), set(), {}, forgot=forgot).kind for key in [*keys, b"by hand"]]
    assert kinds == [Kind.SKIPPED, Kind.FORGOTTEN, Kind.SKIPPED]


KEYS = st.sampled_from([b"a", b"b", b"c", b"d", None])
LETTERS = st.lists(
    st.tuples(
        KEYS,
        st.sampled_from([SKIPPED, REFUSED, *DRIVER, "java.lang.IllegalStateException"]),
        st.none() | st.integers(0, 5),
    ),
    max_size=40,
)


@given(LETTERS, st.sets(st.sampled_from(["a", "b", "c"])))
def test_each_is_of_one_class_and_of_an_order_only_the_last_try_is_replayed(letters, stored) -> None:
    world = World(dead_letter(at, *letter[:2], attempts=letter[2]) for at, letter in enumerate(letters))
    judged = [each for batch in judge_all(world.read, world.span(), lambda ids: stored) for each in batch]
    assert [each.record for each in judged] == world.letters
    highest = {key: max(n or 0 for k, _, n in letters if k == key) for key, _, _ in letters}
    for each in (each for each in judged if each.kind is Kind.SKIPPED):
        assert each.order_id not in stored
        assert each.attempts == highest[each.record.key()] < MOST_ATTEMPTS
    assert all(each.kind is Kind.STORED for each in judged if each.order_id in stored)
