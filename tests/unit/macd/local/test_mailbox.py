from __future__ import annotations

import os

import pytest

from macd.alerts.content import self_test_content
from macd.alerts.envelope import Envelope
from macd.alerts.mail import plain_mail
from macd.errors import EnvironmentNotReady, SpecError
from macd.local.mailbox import mail_of, mails

ENVELOPE = Envelope("airflow@macd.test", ("team@macd.test",))


@pytest.fixture
def arrived(config):
    for part, names in {"new": "ac", "cur": "b"}.items():
        folder = config.data / "mail" / part
        folder.mkdir(parents=True)
        for name in names:
            message = plain_mail(self_test_content(f"server {name}", "d.t", ()), ENVELOPE)
            (folder / name).write_bytes(message.as_bytes())
            os.utime(folder / name, (ord(name), ord(name)))
    return config


def test_mails_come_newest_first_and_keep_their_numbers(arrived):
    found = mails(arrived)
    assert [mail.number for mail in found] == [3, 2, 1]
    assert ["server c" in found[0].text, "server a" in found[2].html] == [True, True]
    assert found[0].as_dict()["to"] == "team@macd.test"


def test_one_mail_by_its_number(arrived):
    assert "server b" in mail_of(arrived, 2).text
    with pytest.raises(SpecError, match="There are 3"):
        mail_of(arrived, 4)


def test_without_a_mailbox_it_says_how_to_get_one(config):
    with pytest.raises(EnvironmentNotReady, match="macd local up smtp"):
        mails(config)
