"""The generator of .env."""

from __future__ import annotations

import base64
import re
import stat

import pytest
from typer.testing import CliRunner

from macd.cli.main import app
from macd.compose.env import GENERATORS, values, write_env
from macd.errors import SpecError
from macd.settings import REPOSITORY

EXAMPLE = REPOSITORY / ".env.example"


def test_every_name_gets_a_secret_of_its_own(tmp_path):
    file = tmp_path / ".env"
    added = write_env(EXAMPLE, file)
    found = values(file)
    assert set(added) == set(found) == set(values(EXAMPLE))
    assert len(set(found.values())) == len(found)
    assert all(len(value) >= 22 for value in found.values())


def test_only_this_user_may_read_it(tmp_path):
    file = tmp_path / ".env"
    file.write_text("MACD_KAFKA_PASSWORD=mine\n")
    file.chmod(0o644)
    write_env(EXAMPLE, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


def test_a_second_time_changes_nothing(tmp_path):
    file = tmp_path / ".env"
    write_env(EXAMPLE, file)
    before = file.read_text()
    assert write_env(EXAMPLE, file) == ()
    assert file.read_text() == before


def test_what_is_there_stays_and_what_is_new_is_added(tmp_path):
    file = tmp_path / ".env"
    file.write_text("# mine\nMACD_KAFKA_PASSWORD=mine\nMACD_COMPOSE_KAFKA_PORT=39092")
    added = write_env(EXAMPLE, file)
    assert file.read_text().startswith("# mine\nMACD_KAFKA_PASSWORD=mine\nMACD_COMPOSE_KAFKA_PORT=39092\n")
    assert "MACD_KAFKA_PASSWORD" not in added
    assert set(values(file)) == {*values(EXAMPLE), "MACD_COMPOSE_KAFKA_PORT"}


def test_an_empty_value_is_refused_and_the_file_kept(tmp_path):
    file = tmp_path / ".env"
    file.write_text("MACD_KAFKA_PASSWORD=\n")
    with pytest.raises(SpecError, match="MACD_KAFKA_PASSWORD has no value"):
        write_env(EXAMPLE, file)
    assert file.read_text() == "MACD_KAFKA_PASSWORD=\n"


def test_values_may_stand_in_urls_json_and_jaas_and_in_a_shell(tmp_path):
    file = tmp_path / ".env"
    write_env(EXAMPLE, file)
    assert all(re.fullmatch(r"[A-Za-z0-9_=-]+", value) for value in values(file).values())


def test_keys_have_the_form_that_their_readers_ask_for():
    assert len(base64.urlsafe_b64decode(GENERATORS["AIRFLOW_FERNET_KEY"]())) == 32
    assert len(GENERATORS["AIRFLOW_JWT_SECRET"]()) >= 64
    cluster = GENERATORS["KAFKA_CLUSTER_ID"]()
    assert len(base64.urlsafe_b64decode(f"{cluster}==")) == 16
    assert len(cluster) == 22


def test_the_command_names_what_it_generated_and_shows_no_value(tmp_path):
    (tmp_path / ".env.example").write_text("MACD_KAFKA_PASSWORD=\n")
    first = CliRunner().invoke(app, ["compose", "env", "--folder", str(tmp_path)])
    again = CliRunner().invoke(app, ["compose", "env", "--folder", str(tmp_path)])
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "generated MACD_KAFKA_PASSWORD" in first.output
    assert "nothing to add" in again.output
    assert values(tmp_path / ".env")["MACD_KAFKA_PASSWORD"] not in first.output
