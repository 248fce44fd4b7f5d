"""The printed commands say exactly what a grant says, whatever its name."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macd.acls import Grant, confluent, grants, kafka_acls
from macd.cli.main import main
from macd.errors import SpecError
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from macd.specs.acls import AclRule, load_acls
from macd.specs.files import validate

INCLUDE = REPOSITORY / "include"
ACCOUNTS = {spec.name: spec for spec in load_acls(INCLUDE)}


def granted(account):
    return {grant[:2]: grant for grant in grants(ACCOUNTS[account], load_pipeline(INCLUDE, "local"))}


def test_the_commands_of_both_tools():
    literal = Grant("topic", "macd_orders", "literal", ("describe_configs", "read"))
    assert kafka_acls("ada", literal) == (
        'kafka-acls.sh --bootstrap-server "$KAFKA" --command-config admin.properties --add '
        "--allow-principal User:ada --operation DescribeConfigs --operation Read --topic macd_orders"
    )
    prefixed = Grant("group", "macd-", "prefixed", ("read",))
    assert kafka_acls("ada", prefixed).endswith("--group macd- --resource-pattern-type prefixed")
    assert confluent("sa-1", prefixed) == (
        "confluent kafka acl create --allow --service-account sa-1 --operations read "
        "--consumer-group macd- --prefix"
    )
    cluster = Grant("cluster", "kafka-cluster", "literal", ("describe_configs",))
    assert confluent("sa-1", cluster).endswith("--operations describe-configs --cluster-scope")
    assert kafka_acls("ada", cluster).endswith("--operation DescribeConfigs --cluster")


@given(st.text(min_size=1))
def test_a_name_stays_one_word_of_the_shell(name):
    grant = Grant("transactional_id", name, "prefixed", ("write",))
    for words in (shlex.split(kafka_acls("ada", grant)), shlex.split(confluent("sa-1", grant))):
        assert words[words.index("--transactional-id") + 1] == name


@pytest.mark.parametrize(
    "rule",
    [
        {"resource": "topic"},
        {"resource": "topic", "name": "a", "of": "sink_topics"},
        {"resource": "cluster", "name": "a"},
        {"resource": "topic", "of": "sink_topics", "pattern": "prefixed"},
        {"resource": "topic", "of": "sink_groups"},
        {"resource": "topic", "name": "a; reboot"},
        {"resource": "topic", "name": "*"},
        {"resource": "topic", "name": "a\n"},
        {"resource": "topic", "name": "a", "operations": ["all"]},
    ],
)
def test_a_rule_that_is_too_wide_or_unclear_is_refused(rule, tmp_path):
    with pytest.raises(SpecError):
        validate(AclRule, {"operations": ["read"], "why": "because", **rule}, tmp_path)


def test_the_reader_changes_nothing():
    operations = {each for grant in granted("reader").values() for each in grant.operations}
    assert operations == {"describe", "describe_configs", "read"}


def test_only_airflow_writes_orders_and_payments():
    for account in ACCOUNTS:
        writes = (
            "write"
            in granted(account).get(("topic", "macd_orders"), Grant("topic", "", "literal", ())).operations
        )
        assert writes == (account == "airflow")


def test_airflow_writes_what_it_seeds_and_repairs_and_nothing_else():
    topics = {
        name
        for (kind, name), grant in granted("airflow").items()
        if "write" in grant.operations and kind == "topic"
    }
    assert topics == {"macd_orders", "macd_payments", "macd_orders_payments_joined"}


def test_ksqldb_sees_how_long_the_topics_it_reads_are_kept():
    for name in ("macd_orders", "macd_payments", "macd_orders_payments_joined", "macd_paid_orders"):
        assert "describe_configs" in granted("ksqldb")[("topic", name)].operations


def test_connect_writes_nothing_of_the_pipeline_but_dead_letters():
    written = {name for (kind, name), grant in granted("connect").items() if "write" in grant.operations}
    assert written == {"dlq.macd_orders_payments_joined", "macd-connect-"}


def test_every_name_is_one_that_the_containers_use():
    compose = (REPOSITORY / "docker-compose.yaml").read_text()
    assert "KSQL_KSQL_SERVICE_ID: macd_\n" in compose
    assert "CONNECT_GROUP_ID: macd-connect\n" in compose


def macd(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["macd", "acls", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_command_line(monkeypatch, capsys):
    assert macd(monkeypatch, "airflow", "--format", "confluent", "--principal", "sa-123abc") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("# airflow: ")
    assert all(
        line.startswith("confluent kafka acl create --allow --service-account sa-123abc")
        for line in lines[1:]
    )


@pytest.mark.parametrize(
    "arguments", [["nobody"], ["--principal", "sa-1"], ["airflow", "--principal", "a b"]]
)
def test_a_wrong_account_is_named(arguments, monkeypatch, capsys):
    assert macd(monkeypatch, *arguments) == 3
    assert "remedy" in capsys.readouterr().err
