"""What the converter around Apicurio's and Confluent's makes of bad records and of an absent registry."""

from __future__ import annotations

import pytest

from tests.runtime.java import Checks

pytestmark = pytest.mark.integration

HEADER = "0000000007"
WHOLE = f"{HEADER}0661626354"
CUT_OFF = f"{HEADER}06616263"
CUT_IN_A_TEXT = f"{HEADER}066162"
A_LENGTH_BELOW_ZERO = f"{HEADER}05"
NOT_AVRO = "6e6f"
A_CUT, REFUSED, REFUSED_FOR_KAFKA, NO_MAGIC_BYTE = "00", "01", "02", "ff"
BAD, LATER = "dead letter", "another try"


@pytest.fixture(scope="module")
def converter(tmp_path_factory: pytest.TempPathFactory) -> Checks:
    folder = tmp_path_factory.mktemp("converter")
    return Checks.compile(folder, "connect-plugins/avro", "macd.connect", "connect-plugins/avro/lib")


@pytest.mark.parametrize(
    ("whose", "records"),
    [
        (
            "apicurio",
            {
                WHOLE: "Struct{a=abc,b=42}",
                CUT_OFF: BAD,
                CUT_IN_A_TEXT: BAD,
                A_LENGTH_BELOW_ZERO: BAD,
                NOT_AVRO: BAD,
            },
        ),
        ("gone", {WHOLE: LATER, NOT_AVRO: BAD}),
        ("confluent", {A_CUT: BAD, REFUSED: LATER, REFUSED_FOR_KAFKA: LATER, NO_MAGIC_BYTE: BAD}),
    ],
)
def test_what_cannot_be_decoded_is_bad_and_what_cannot_be_asked_is_tried_again(
    converter: Checks, whose: str, records: dict[str, str]
) -> None:
    fates = converter.run("PatientConverterCheck", "\n".join(records), whose).splitlines()
    assert dict(zip(records, fates, strict=True)) == records
