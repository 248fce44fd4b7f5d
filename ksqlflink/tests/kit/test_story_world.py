"""A server without some of the story's sources, or with others, is judged by the rest."""

from __future__ import annotations

from ksqldb_conformance.absence import mentioned, only_creations, only_topics, without
from ksqldb_conformance.world import World


def created(name, query_id=None, number=0, verb="create"):
    status = {"status": "SUCCESS", "message": "", "queryId": query_id}
    return [
        {"commandId": f"stream/`{name}`/{verb}", "commandStatus": status, "commandSequenceNumber": number}
    ]


def test_lists_lose_the_entries_of_absent_sources():
    body = [
        {
            "streams": [{"name": "PAID"}, {"name": "BIG"}],
            "queries": [{"id": "CSAS_BIG_1", "sinks": ["BIG"]}, {"id": "CSAS_PAID_1", "sinks": ["PAID"]}],
            "sourceConstraints": ["BIG", "PAID"],
            "fields": [{"name": "BIG"}],
            "message": "read from this source: [BIG, PAID].",
            "commandStatuses": {"stream/`BIG`/create": "SUCCESS", "stream/`PAID`/create": "SUCCESS"},
        }
    ]
    assert without(body, {"BIG"}) == [
        {
            "streams": [{"name": "PAID"}],
            "queries": [{"id": "CSAS_PAID_1", "sinks": ["PAID"]}],
            "sourceConstraints": ["PAID"],
            "fields": [{"name": "BIG"}],
            "message": "read from this source: [PAID].",
            "commandStatuses": {"stream/`PAID`/create": "SUCCESS"},
        }
    ]


def test_a_source_is_mentioned_as_a_word_in_any_case():
    assert mentioned({"PAID", "MENU"}, "DROP STREAM paid;") == ["PAID"]
    assert mentioned({"PAID"}, "DROP STREAM paid_nograce;") == []


def test_topics_of_others_are_not_listed():
    body = [{"topics": [{"name": "orders"}, {"name": "connect-offsets"}], "name": "x"}]
    assert only_topics(body, {"orders"}) == [{"topics": [{"name": "orders"}], "name": "x"}]


def test_the_world_follows_creates_and_drops():
    world = World()
    world.follow(created("PAID", "CSAS_PAID_7"))
    world.follow(created("ORDERS"))
    assert world.sources == {"PAID", "ORDERS"}
    world.follow([{"commandId": "stream/PAID/drop", "commandStatus": {"queryId": None}}])
    assert world.sources == {"ORDERS"}


def test_requests_name_the_queries_of_the_server_under_test():
    world = World()
    world.learn(created("PAID", "CSAS_PAID_7", 8), created("PAID", "CSAS_PAID_2", 3))
    sent = {"ksql": "TERMINATE CSAS_PAID_7; TERMINATE CSAS_NOBODY_9;", "commandSequenceNumber": 8}
    assert world.translated(sent) == {
        "ksql": "TERMINATE CSAS_PAID_2; TERMINATE CSAS_NOBODY_9;",
        "commandSequenceNumber": 3,
    }


def test_a_query_that_was_never_started_is_known_to_be_missing():
    world = World()
    world.follow(created("PAID", "CSAS_PAID_7"))
    assert world.unknown_queries("TERMINATE CSAS_PAID_7;") == ["CSAS_PAID_7"]
    assert world.unknown_queries("TERMINATE CSAS_NOBODY_9;") == []


def test_a_source_that_was_created_and_is_not_listed_is_said_once():
    world = World()
    world.learn([], created("PAID"))
    assert world.denied({"ORDERS"}) == ["PAID was created but is not listed"]
    assert world.denied({"ORDERS"}) == []


def test_what_was_removed_again_is_not_missed():
    world = World()
    world.follow(created("M_IN"))
    world.learn([], created("M_UA"))
    world.follow(created("M_UA"))
    world.forget_all_but({"M_IN"})
    assert world.sources == {"M_IN"}
    assert world.denied({"M_IN"}) == []


def test_of_all_commands_only_the_creation_of_known_sources_counts() -> None:
    body = {
        "commandStatuses": {
            "stream/`ORDERS`/create": "SUCCESS",
            "stream/ORDERS/drop": "SUCCESS",
            "stream/`OTHER`/create": "SUCCESS",
        }
    }
    assert only_creations(body, {"ORDERS"}) == {"commandStatuses": {"stream/`ORDERS`/create": "SUCCESS"}}
    assert only_creations(["anything else"], {"ORDERS"}) == ["anything else"]
