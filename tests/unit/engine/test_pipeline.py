"""The project's own statements, as they lie in include/ksql."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ksqldb_conformance.case import load_cases
from ksqldb_conformance.services import OWN_CASES
from ksqlflink.dialect import same_definition
from ksqlflink.translation import translate_file
from macd.settings import REPOSITORY
from unit.fakes import Stage, plan_of

INCLUDE = REPOSITORY / "include"
JOINED = "MACD_ORDERS_PAYMENTS_JOINED"


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    for topic in ("macd_orders", "macd_payments"):
        stage.topics.add(topic, partitions=3)
        schema = (INCLUDE / "schemas" / f"{topic}-value.avsc").read_text()
        stage.registry.register(f"{topic}-value", schema)
    for path in statements():
        stage.run(path.read_text())
    return stage


def statements() -> list[Path]:
    names = ["01_macd_orders_stream", "02_macd_payments_stream", "03_macd_orders_payments_joined"]
    return [INCLUDE / "ksql" / f"{name}.sql" for name in names]


@pytest.mark.parametrize("path", statements(), ids=lambda path: path.stem)
def test_what_describe_shows_is_the_same_definition_as_the_file(stage: Stage, path: Path) -> None:
    name = path.stem.split("_", 1)[1]
    (described,) = stage.run(f"DESCRIBE {name};")
    shown = described["sourceDescription"]["statement"]
    assert same_definition(path.read_text(), shown)


def test_running_them_again_changes_nothing(stage: Stage) -> None:
    for path in statements():
        (answer,) = stage.run(path.read_text())
        assert answer["@type"] == "warning_entity"
    assert len(stage.jobs.started) == 1


def test_the_joined_value_has_the_schemas_own_lower_case_names(stage: Stage) -> None:
    schema = json.loads(stage.registry.latest("macd_orders_payments_joined-value") or "")
    types = {field["name"]: field["type"][1] for field in schema["fields"]}
    assert list(types) == [
        "order_id",
        "customer_id",
        "order_total",
        "order_items",
        "order_time",
        "payment_id",
        "payment_amount",
        "payment_method",
        "payment_time",
    ]
    assert (types["order_total"]["precision"], types["order_total"]["scale"]) == (10, 2)
    item = types["order_items"]["items"][1]
    assert [field["name"] for field in item["fields"]] == ["item_name", "quantity", "price"]
    assert types["payment_time"]["logicalType"] == "timestamp-millis"


def test_the_key_is_the_order_id_and_not_part_of_the_value(stage: Stage) -> None:
    source = stage.catalogue.source(JOINED)
    assert source is not None
    assert [column.name for column in source.columns if column.key] == ["ORDER_KEY"]
    assert stage.topics.topics["macd_orders_payments_joined"].partitions == 3
    plan = plan_of(stage)
    assert plan["inputs"][0]["timestamp"] == {"column": "ORDER_TIME", "pattern": None}
    assert plan["tasks"] == 3


def test_the_files_are_translated_to_flinks_sql(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    together = tmp_path / "all.sql"
    together.write_text("\n".join(path.read_text() for path in sorted((INCLUDE / "ksql").glob("*.sql"))))
    code = translate_file(together, "kafka:9092", None, None)
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert "MACD_ORDERS_PAYMENTS_JOINED" in out


def test_a_case_of_the_conformance_kit_has_the_pipelines_statements() -> None:
    (case,) = load_cases([OWN_CASES], ["jc08"])
    assert [statement.replace("jc08_", "macd_") for statement in case.statements] == [
        file.read_text() for file in statements()
    ]
