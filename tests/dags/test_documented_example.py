"""The DAG printed in docs/operators.md is one that Airflow loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from airflow.sdk import DAG

from macd.settings import REPOSITORY
from tests.dags.test_integrity import load


@pytest.fixture
def example(tmp_path: Path) -> DAG:
    text = (REPOSITORY / "docs" / "operators.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    file = tmp_path / "nightly_sample.py"
    file.write_text(code, encoding="utf-8")
    return load(file)


def test_it_is_loaded_with_all_six_operators(example: DAG) -> None:
    assert example.dag_id == "nightly_sample"
    assert len({task.operator_name for task in example.tasks}) == 6


def test_each_task_takes_folder_target_and_connections_from_the_shared_arguments(example: DAG) -> None:
    for task in example.tasks:
        assert task.include_dir == "/opt/drive_through/include"
        assert task.target == "cloud"
    assert example.get_task("topics").kafka_conn_id == "drive_through_kafka"
    assert example.get_task("verify").mongodb_conn_id == "drive_through_mongodb"
