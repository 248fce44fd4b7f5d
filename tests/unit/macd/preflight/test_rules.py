from __future__ import annotations

import pytest

from macd.errors import SpecError
from macd.preflight.rules import DEFAULTS, load_rules
from macd.settings import REPOSITORY


def test_what_a_folder_leaves_out_comes_from_the_package(tmp_path):
    (tmp_path / "preflight").mkdir()
    limits = (DEFAULTS / "limits.yaml").read_text().replace("deadline_s: 30", "deadline_s: 7")
    (tmp_path / "preflight" / "limits.yaml").write_text(limits)
    rules = load_rules(tmp_path)
    assert rules.limits.deadline_s == 7
    assert rules.versions == load_rules(REPOSITORY / "include").versions


def test_a_wrong_specifier_names_file_and_field(tmp_path):
    (tmp_path / "preflight").mkdir()
    wrong = (DEFAULTS / "versions.yaml").read_text().replace('">=2.3"', '"2.3 or so"')
    (tmp_path / "preflight" / "versions.yaml").write_text(wrong)
    with pytest.raises(SpecError, match=r"versions\.yaml.*versions\.Kafka Connect\.accepted"):
        load_rules(tmp_path)


def test_every_price_and_every_version_names_its_page():
    rules = load_rules(REPOSITORY / "include")
    assert all(rule.page for rule in (*rules.versions.values(), *rules.prices.values()))
