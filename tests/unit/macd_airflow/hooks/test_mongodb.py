from __future__ import annotations

from typing import Any

import pytest

from macd.errors import SpecError
from macd_airflow.hooks.mongodb import MongoDbHook
from tests.unit.macd_airflow.conftest import Connect


@pytest.mark.parametrize(
    ("fields", "uri"),
    [
        ({"host": "127.0.0.1", "port": 27017}, "mongodb://127.0.0.1:27017"),
        (
            {"host": "127.0.0.1", "port": 27017, "extra": {"srv": False, "retryWrites": False}},
            "mongodb://127.0.0.1:27017/?retryWrites=false",
        ),
        (
            {
                "host": "c.example.net",
                "login": "u",
                "password": "p/w",
                "extra": {"srv": True, "w": "majority"},
            },
            "mongodb+srv://u:p%2Fw@c.example.net/?w=majority",
        ),
        (
            {"host": "h", "schema": "auth", "extra": {"tls": True, "allow_insecure": True}},
            "mongodb://h/auth?tls=true&tlsAllowInvalidCertificates=true",
        ),
    ],
)
def test_uri_carries_the_options_of_extra(fields: dict[str, Any], uri: str, connection: Connect) -> None:
    connection("macd_mongodb", conn_type="mongo", **fields)
    assert MongoDbHook().service().uri.get_secret_value() == uri


def test_database_is_macd_unless_the_schema_names_another(connection: Connect) -> None:
    connection("macd_mongodb", conn_type="mongo", host="h")
    connection("mine", conn_type="mongo", host="h", schema="mine")
    assert MongoDbHook().service().database == "macd"
    assert MongoDbHook("mine").service().database == "mine"


def test_another_type_of_connection_is_refused_with_a_remedy(connection: Connect) -> None:
    connection("macd_mongodb", conn_type="http", host="h")
    with pytest.raises(SpecError, match=r"macd_mongodb is not one of MongoDB.*Use the type mongo"):
        MongoDbHook().service()


def test_a_login_in_the_host_is_refused_and_not_quoted(connection: Connect) -> None:
    connection("macd_mongodb", conn_type="mongo", host="ada:ca/nary@db.test")
    with pytest.raises(SpecError, match="macd_mongodb holds a login") as caught:
        MongoDbHook().service()
    assert "nary" not in str(caught.value)
