"""The printed commands say exactly what a grant says, whatever its name."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macd.acls import Grant, confluent, grants, kafka_acls
from macd.cli.main import main
from macd.errors import SpecError
from macd.settings import REPOSITORY
from macd.specs import load_pipeline, load_target
from macd.specs.acls import AclRule, load_acls
from macd.specs.files import validate
from tests.cloud.credentials import EXPIRED_KEY
from tests.cloud.management import KSQLDB
from tests.cloud.target import ENVIRONMENT

INCLUDE = REPOSITORY / "include"
CLOUD_PAGE = (REPOSITORY / "docs" / "cloud.md").read_text()
ACCOUNTS = {spec.name: spec for spec in load_acls(INCLUDE)}


def granted(account, target="local", service_id="macd_"):
    found = grants(ACCOUNTS[account], load_pipeline(INCLUDE, target), service_id)
    return {grant[:2]: grant for grant in found}


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
        {"resource": "topic", "name": "{anything}"},
        {"resource": "topic", "name": "a", "only": "somewhere"},
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
    service_id = load_target(INCLUDE, "compose").ksqldb_service_id
    assert f"KSQL_KSQL_SERVICE_ID: {service_id}\n" in compose
    assert "CONNECT_GROUP_ID: macd-connect\n" in compose


def test_a_managed_sink_reads_as_its_id_and_has_no_worker():
    found = granted("connect", "cloud")
    assert {grant for grant in found.values() if grant.resource != "topic"} == {
        Grant("group", "connect-lcc-", "prefixed", ("describe", "read")),
        Grant("cluster", "kafka-cluster", "literal", ("describe",)),
    }
    assert {name for kind, name in found if kind == "topic"} == {
        "macd_orders_payments_joined",
        "macd_payment_mismatches",
        "macd_hourly_revenue",
        "dlq.macd_orders_payments_joined",
    }
    assert "write" in found["topic", "dlq.macd_orders_payments_joined"].operations


@pytest.mark.parametrize("account", ["airflow", "reader"])
def test_whoever_watches_sees_the_groups_of_managed_readers(account):
    groups = {name for kind, name in granted(account, "cloud", "pksqlc-fake1") if kind == "group"}
    assert {"connect-lcc-", "_confluent-ksql-pksqlc-fake1"} < groups
    assert not [name for name in groups if "macd_" in name or name.startswith("connect-macd")]


def test_a_managed_ksqldb_owns_what_begins_with_its_prefix():
    """As `confluent ksql cluster configure-acls` gives it (github.com/confluentinc/cli)."""
    found = granted("ksqldb", "cloud", "pksqlc-fake1")
    everything = ("alter_configs", "create", "delete", "describe", "describe_configs", "read", "write")
    assert found["topic", "pksqlc-fake1"] == Grant("topic", "pksqlc-fake1", "prefixed", everything)
    assert found["topic", "_confluent-ksql-pksqlc-fake1"].operations == everything
    assert found["group", "_confluent-ksql-pksqlc-fake1"].pattern == "prefixed"
    assert found["transactional_id", "pksqlc-fake1"].operations == ("describe", "write")
    assert ("topic", "pksqlc-fake1ksql_processing_log") not in found


def on_cloud(monkeypatch, cloud, **changes):
    environment = {**ENVIRONMENT, "MACD_CLOUD_KSQLDB_CLUSTER": KSQLDB, "MACD_CLOUD_API_URL": cloud.url}
    for name, value in {"MACD_TARGET": "cloud", **environment, **changes}.items():
        monkeypatch.setenv(name, value)


def test_the_command_line_asks_for_the_prefix_of_a_managed_ksqldb(monkeypatch, capsys, cloud):
    on_cloud(monkeypatch, cloud)
    assert macd(monkeypatch, "reader", "--format", "confluent", "--principal", "sa-1") == 0
    lines = capsys.readouterr().out.splitlines()
    start = "confluent kafka acl create --allow --service-account sa-1 --operations describe --consumer-group"
    assert f"{start} _confluent-ksql-pksqlc-fake1 --prefix" in lines
    assert f"{start} connect-lcc- --prefix" in lines


def test_what_docs_cloud_names_is_all_that_it_needs(monkeypatch, capsys, cloud):
    """Rights are given before there is a pipeline to run: no other variable is set yet."""
    [step] = re.findall(
        r"^\d\. The accounts' rights on Kafka\. .*?^\d\. ", CLOUD_PAGE, re.DOTALL | re.MULTILINE
    )
    named = set(re.findall(r"`(MACD_CLOUD_\w+)`", step))
    on_cloud(monkeypatch, cloud)
    for name in ENVIRONMENT.keys() - named - {"MACD_CLOUD_API_URL"}:
        monkeypatch.delenv(name)
    assert macd(monkeypatch, "airflow", "--principal", "sa-1") == 0
    assert "_confluent-ksql-pksqlc-fake1" in capsys.readouterr().out
    for name in sorted(named):
        on_cloud(monkeypatch, cloud)
        monkeypatch.delenv(name)
        assert macd(monkeypatch, "airflow", "--principal", "sa-1") == 3
        assert name in capsys.readouterr().err


def test_an_account_without_ksqldbs_names_needs_nobody_to_ask(monkeypatch, capsys, cloud):
    on_cloud(monkeypatch, cloud, MACD_CLOUD_API_KEY=EXPIRED_KEY)
    assert macd(monkeypatch, "connect") == 0
    assert cloud.requests() == []
    assert macd(monkeypatch, "ksqldb") == 5
    assert "MACD_CLOUD_API_SECRET" in capsys.readouterr().err


def test_a_target_that_does_not_say_it_is_told_file_and_field(tmp_path, monkeypatch, capsys):
    shutil.copytree(INCLUDE, tmp_path, dirs_exist_ok=True)
    target = tmp_path / "targets" / "local.yaml"
    target.write_text(target.read_text().replace("ksqldb_service_id: default_\n", ""))
    monkeypatch.setenv("MACD_INCLUDE_DIR", str(tmp_path))
    assert macd(monkeypatch, "ksqldb") == 3
    assert "local.yaml: field 'ksqldb_service_id' is missing" in " ".join(capsys.readouterr().err.split())


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
