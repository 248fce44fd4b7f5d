from __future__ import annotations

import pytest

from macd.errors import SpecError
from macd.preflight.costs import costs_of
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


def test_what_costs_on_the_cloud_is_counted_in_include(pipeline):
    cloud = pipeline.target.model_copy(update={"name": "cloud"})
    costs = costs_of(pipeline.model_copy(update={"target": cloud}), load_rules(REPOSITORY / "include"))
    amounts = {cost.what: cost.amount for cost in costs}
    partitions = sum(topic.targets["cloud"].partitions for topic in pipeline.topics)
    said = f"{len(pipeline.topics)} topics, {partitions} partitions, three copies"
    assert amounts["Kafka storage"] == said
    assert amounts["MongoDB Atlas sinks"] == f"{len(pipeline.connectors)} tasks"
    assert costs_of(pipeline, load_rules(REPOSITORY / "include")) == ()


def test_a_cost_without_a_price_is_refused(tmp_path):
    (tmp_path / "preflight").mkdir()
    wrong = (DEFAULTS / "prices.yaml").read_text().replace("price: atlas_m30", "price: atlas_m31")
    (tmp_path / "preflight" / "prices.yaml").write_text(wrong)
    with pytest.raises(SpecError, match="atlas_m31"):
        load_rules(tmp_path)
