from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from macd.errors import (
    AuthenticationFailed,
    DeliveryFailed,
    MacdError,
    PlanBlocked,
    QualityCheckFailed,
    ServiceUnreachable,
    SpecError,
)
from macd_airflow.errors import airflow_errors


@pytest.mark.parametrize(
    "error",
    [
        SpecError("wrong file.", remedy="Correct it."),
        PlanBlocked("not safe.", remedy="Think."),
        AuthenticationFailed("Kafka", "refused.", remedy="Check the key."),
        QualityCheckFailed("3 missing.", remedy="Look."),
    ],
)
def test_what_a_retry_cannot_cure_fails_at_once_with_its_remedy(error: MacdError) -> None:
    with pytest.raises(AirflowFailException) as raised, airflow_errors():
        raise error
    assert str(raised.value) == str(error)
    assert error.remedy in str(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        ServiceUnreachable("Kafka", "no answer.", remedy="Start it."),
        DeliveryFailed("2 messages were not acknowledged.", remedy="Run it again."),
    ],
)
def test_what_may_pass_is_retried(error: MacdError) -> None:
    with pytest.raises(AirflowException) as raised, airflow_errors():
        raise error
    assert not isinstance(raised.value, AirflowFailException)
    assert error.remedy in str(raised.value)


def test_the_chain_of_causes_does_not_bury_the_remedy() -> None:
    with pytest.raises(AirflowException) as raised, airflow_errors():
        raise ServiceUnreachable("Kafka", "no answer.", remedy="Start it.") from OSError("refused")
    assert raised.value.__suppress_context__


def test_a_defect_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), airflow_errors():
        _ = 1 // 0
