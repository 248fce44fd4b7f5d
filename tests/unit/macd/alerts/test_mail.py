"""Mails as a reader and a mail program get them."""

from __future__ import annotations

import email
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default

import pytest

from macd.alerts.content import duration, one_line, self_test_content
from macd.alerts.envelope import Envelope
from macd.alerts.mail import alert_mail, plain_mail, recovery_mail
from macd.errors import SpecError
from macd.incidents.incident import Incident

ENVELOPE = Envelope("airflow@macd.test", ("a@macd.test", "b@macd.test"))
AT = datetime(2026, 1, 1, tzinfo=UTC)


def incident(check: str = "no_order_missing", **changes) -> Incident:
    given = {
        "id": f"{check}-1",
        "number": 1,
        "subject": "run r",
        "severity": "fail",
        "message": "orders_missing is 3, has to be = 0",
        "next_step": "Look at the sink.",
        "examples": ("o1 not stored (c)", "o2 not stored (c)"),
        "run_id": "r",
        "source": "macd_pipeline.data_quality_checks",
        "run_url": "http://ui.test/run",
        "log_url": "http://ui.test/log",
        "opened_at": AT,
        "last_seen_at": AT,
        "due": "alert",
    }
    return Incident(check=check, **(given | changes))


def received(message: EmailMessage) -> EmailMessage:
    """As it comes out of the wire."""
    return email.message_from_bytes(message.as_bytes(), policy=default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return body.get_content()


def test_both_parts_say_what_happened_where_and_what_to_do():
    found = received(alert_mail([incident()], ENVELOPE, "http://ui.test/macd/?run=r", "FAILED run r: 3 of 5"))
    assert found.get_content_type() == "multipart/alternative"
    assert found["Subject"] == "[FAIL] no_order_missing - run r"
    assert found["To"] == "a@macd.test, b@macd.test"
    for kind in ("plain", "html"):
        body = part(found, kind)
        for said in (
            *("FAILED run r: 3 of 5", "orders_missing is 3, has to be = 0", "o2 not stored (c)"),
            *("Look at the sink.", "http://ui.test/run", "http://ui.test/log", "http://ui.test/macd/?run=r"),
        ):
            assert said in body, (kind, said)


def test_the_worst_comes_first_and_the_rest_is_counted():
    warning = incident("payments_equal_totals", severity="warn")
    found = alert_mail([warning, incident(), incident("other")], ENVELOPE)
    assert found["Subject"] == "[FAIL] no_order_missing (+2) - run r"
    assert alert_mail([warning], ENVELOPE)["Subject"].startswith("[WARN] payments_equal_totals - ")


def test_an_order_that_breaks_several_checks_is_listed_once():
    text = part(received(alert_mail([incident(), incident("every_order_stored")], ENVELOPE)), "plain")
    assert text.count("o1 not stored") == 1
    assert "listed above already: 2" in text


def test_a_recovery_is_in_the_thread_of_its_alert():
    alert = alert_mail([incident()], ENVELOPE)
    over = incident(
        closed_at=AT + timedelta(hours=2, minutes=5),
        due="recovery",
        message_id=alert["Message-ID"],
        notified_at=AT,
    )
    found = received(recovery_mail([over], ENVELOPE))
    assert found["Subject"] == "[RECOVERED] no_order_missing - run r"
    assert found["In-Reply-To"] == found["References"] == alert["Message-ID"] != found["Message-ID"]
    assert found["X-Macd-Incident"] == alert["X-Macd-Incident"] == "no_order_missing-1"
    assert "(2 h 5 min)" in part(found, "plain")
    assert "No alert" not in part(found, "plain")


def test_a_recovery_says_what_is_still_open():
    over = incident(closed_at=AT, due="recovery", notified_at=AT)
    lasting = [incident("no_altered_orders"), incident("order_totals_match")]
    found = received(recovery_mail([over], ENVELOPE, lasting=lasting))
    for kind in ("plain", "html"):
        assert "1 problem of run r over, 2 still open" in part(found, kind)
        assert "no_altered_orders, order_totals_match" in part(found, kind)
        assert "well again" not in part(found, kind)
    assert "Run r is well again" in part(received(recovery_mail([over], ENVELOPE)), "plain")


def test_a_recovery_whose_alert_was_never_sent_says_so():
    over = incident(closed_at=AT, due="recovery")
    assert "No alert had been sent for it." in part(received(recovery_mail([over], ENVELOPE)), "plain")


def test_what_comes_from_outside_is_neither_html_nor_a_template():
    evil = "<script>alert(1)</script> {{ 7 * 7 }} {% raw %}"
    found = received(
        alert_mail([incident(message=evil, next_step=evil, examples=(evil,), subject=evil)], ENVELOPE)
    )
    html = part(found, "html")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    for kind in ("plain", "html"):
        assert "{{ 7 * 7 }}" in part(found, kind)
        assert "49" not in part(found, kind)


@pytest.mark.parametrize(
    "odd",
    ["r\r\nBcc: thief@evil.test", "r\nX-Evil: 1", "r\u2028Bcc: x", "r\x00\x07", "r\u202egnp", "r" * 999],
)
def test_an_odd_run_id_puts_nothing_into_the_headers(odd):
    found = received(alert_mail([incident(subject=f"run {odd}", run_id=odd)], ENVELOPE))
    plain = received(alert_mail([incident()], ENVELOPE))
    assert found.keys() == plain.keys()
    assert found["Subject"].startswith("[FAIL] no_order_missing - run r")
    assert len(found["Subject"]) <= 200


def test_the_same_mail_tried_again_has_the_same_id_and_a_later_incident_another():
    first = alert_mail([incident()], ENVELOPE)["Message-ID"]
    assert alert_mail([incident()], ENVELOPE)["Message-ID"] == first
    assert alert_mail([incident(opened_at=AT + timedelta(seconds=1))], ENVELOPE)["Message-ID"] != first
    assert alert_mail([incident(severity="warn")], ENVELOPE)["Message-ID"] != first


def test_a_test_mail_says_that_nothing_is_wrong():
    found = received(plain_mail(self_test_content("h:25", "d.t", [("Run", "http://ui.test/x")]), ENVELOPE))
    assert found["Subject"] == "[TEST] macd alerts arrive"
    assert "Nothing is wrong" in part(found, "plain")
    assert found["X-Macd-Incident"] is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (90_061, "1 d 1 h")]
)
def test_lengths_of_time_are_short(seconds, said):
    assert duration(timedelta(seconds=seconds)) == said


def test_one_line_keeps_letters_of_any_script():
    assert one_line("Lauf ä 7\n日本") == "Lauf ä 7 日本"


@pytest.mark.parametrize(
    "to",
    ["a@x.test,b@x.test", "a@x.test; b@x.test", ["a@x.test", "B <b@x.test>"], "a@x.test, a@x.test,b@x.test"],
)
def test_recipients_are_a_list_or_separated_by_commas(to):
    found = Envelope.of("macd_smtp", {"from_email": "Airflow <s@x.test>", "to_email": to})
    assert found == Envelope("s@x.test", ("a@x.test", "b@x.test"))


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"from_email": "s@x.test"}, "to_email"),
        ({"from_email": "s@x.test", "to_email": "  "}, "to_email"),
        ({"from_email": "s@x.test", "to_email": "nobody"}, "to_email"),
        ({"from_email": "s@x.test", "to_email": "a@x.test\r\nBcc: b@x.test"}, "to_email"),
        ({"to_email": "a@x.test"}, "from_email"),
        ({"from_email": "s@x.test,t@x.test", "to_email": "a@x.test"}, "from_email"),
    ],
)
def test_what_is_missing_or_wrong_is_named(extra, field):
    with pytest.raises(SpecError, match=rf"{field}.*macd_smtp") as failure:
        Envelope.of("macd_smtp", extra)
    assert field in failure.value.remedy
