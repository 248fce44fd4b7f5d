"""No message shows a password, whatever characters it holds and however the message writes it."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macd.redaction import SECRET_NAME, redacted, without_addresses

# With what ends a user, a host, a path, a line or a literal.
passwords = st.text(st.sampled_from("@/:%?#&=+ \\'\"\n\t<äß0123456789abcdef"), min_size=4, max_size=24)
in_uris = st.text(st.sampled_from("@/:%?#&=+\\'\"<äß0123456789abcdef"), min_size=4, max_size=24)
around = st.text(st.characters(codec="ascii", exclude_characters="@"), max_size=20)
WRITTEN = {
    "plain": str,
    "in a URI": lambda secret: quote(secret, safe=""),
    "in a path": quote,
    "in a form": quote_plus,
    "in JSON": lambda secret: json.dumps({"password": secret}),
    "in Python": lambda secret: repr({"password": secret}),
}


def parts_of(secret: str, size: int = 4) -> set[str]:
    return {secret[at : at + size] for at in range(len(secret) - size + 1)}


@pytest.mark.parametrize("written", WRITTEN)
@given(passwords)
def test_a_secret_that_is_known_goes_however_it_is_written(written: str, secret: str) -> None:
    text = WRITTEN[written](secret)
    shown = redacted(f"refused <{text}>", [secret])
    left = shown.removeprefix("refused <").removesuffix(">")
    assert left in ("***", '{"password": "***"}', "{'password': '***'}", "{'password': \"***\"}")


@given(in_uris, around, around)
def test_a_login_in_a_uri_goes_though_nobody_knows_the_secret(secret: str, before: str, after: str) -> None:
    shown = redacted(f"{before} mongodb://ada:{secret}@db.test/{after}")
    assert shown.endswith(f"//***@db.test/{after}")
    assert parts_of(secret) & parts_of(shown) <= parts_of(f"{before} mongodb://***@db.test/{after}")


@given(around)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert redacted(text, ["pw", ""]) == text


def test_what_stands_behind_a_uri_stays() -> None:
    told = "no schema from http://ada:pw@registry.test/7 in Task@5ae9a829, see http://docs.test and Map@1f"
    assert redacted(told) == told.replace("ada:pw", "***")


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert redacted("abcd-efgh abcd", ["abcd", "abcd-efgh"]) == "*** ***"


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("sasl.password", True),
        ("ssl.key.pem", True),
        ("ssl.keystore.password", True),
        ("sasl.oauthbearer.client.secret", True),
        ("sasl.oauthbearer.assertion.private.key.passphrase", True),
        ("sasl.oauthbearer.config", True),
        ("sasl.jaas.config", True),
        ("connection.uri", True),
        ("value.converter.basic.auth.user.info", True),
        ("MACD_CLOUD_API_SECRET", True),
        ("MACD_MONGODB_URI", True),
        ("bootstrap.servers", False),
        ("security.protocol", False),
        ("sasl.oauthbearer.token.endpoint.url", False),
        ("key.converter", False),
        ("sasl.oauthbearer.method", False),
        ("sasl.username", False),
    ],
)
def test_secrets_are_known_by_their_names(name: str, is_secret: bool) -> None:
    assert (SECRET_NAME.search(name) is not None) is is_secret


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "no answer from http://registry.test:8081/apis (ReadTimeout).",
            "no answer from (address) (ReadTimeout).",
        ),
        ("MongoDB: no answer (10.0.0.7:27017: refused)", "MongoDB: no answer ((address): refused)"),
        (
            "servers=[{address=db-1.internal:27017, type=UNKNOWN}]",
            "servers=[{address=(address), type=UNKNOWN}]",
        ),
        ("mongodb+srv://***@c.example.net/?w=1 fails", "(address) fails"),
        ("localhost:9092,kafka:29092", "(address),(address)"),
        ("2026-01-02 12:00 cash 1.00 instead of 2.00", "2026-01-02 12:00 cash 1.00 instead of 2.00"),
        ("at 2026-01-02T12:30:00 ksqlDB 7.4.12 said 404", "at 2026-01-02T12:30:00 ksqlDB 7.4.12 said 404"),
        ("RUNNING; task 0 RUNNING", "RUNNING; task 0 RUNNING"),
    ],
)
def test_addresses_go_and_the_rest_stays(text: str, shown: str) -> None:
    assert without_addresses(text) == shown
