from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macd.preflight.common import clock, skew_s
from macd.preflight.result import Outcome
from tests.unit.macd.preflight.conftest import NOW


@given(
    skew=st.integers(-1_000, 1_000),
    offset=st.floats(0, 1),
    took=st.floats(0, 2),
    fraction=st.floats(0, 0.999),
)
def test_a_skew_is_never_overstated_and_off_by_less_than_what_it_was_read_with(skew, offset, took, fraction):
    before = 1_000_000.0 + fraction
    read_at = before + offset * took
    told = float(int(read_at + skew))  # cut to the second
    found = skew_s(told, 1.0, before, before + took)
    assert abs(found) <= abs(skew) + 1e-6
    assert abs(found - skew) <= 1.0 + took + 1e-6


@pytest.mark.parametrize(
    ("seconds", "outcome", "said"),
    [
        (0, Outcome.OK, "within 5 s"),
        (5, Outcome.OK, "within 5 s"),
        (-5, Outcome.OK, "within 5 s"),
        (30, Outcome.WARNING, "30 s ahead of"),
        (-30, Outcome.WARNING, "30 s behind"),
        (61, Outcome.FAILED, "61 s ahead of"),
        (-3600, Outcome.FAILED, "3600 s behind"),
    ],
)
def test_a_skew_is_told_warned_of_and_refused(scene, seconds, outcome, said):
    check = clock(scene, lambda: datetime.fromtimestamp(NOW + seconds, UTC), 0.0)
    answer = check.look()
    assert (answer.outcome, said in answer.detail) == (outcome, True)


def test_a_service_that_tells_no_time_is_not_called_well(scene):
    assert clock(scene, lambda: None, 1.0).look().outcome is Outcome.UNKNOWN
