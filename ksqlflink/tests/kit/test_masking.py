"""What varies is masked, and nothing else."""

from __future__ import annotations

from ksqldb_conformance.masking import documents, mask


def test_ids_numbers_and_addresses_vary():
    one = {
        "queryId": "CSAS_PAID_7",
        "commandSequenceNumber": 8,
        "host": "127.0.0.1:38188",
        "id": "INSERTQUERY_59",
    }
    other = {
        "queryId": "CSAS_PAID_3",
        "commandSequenceNumber": 1,
        "host": "10.0.0.1:8088",
        "id": "INSERTQUERY_1",
    }
    assert mask(one) == mask(other)


def test_an_id_of_another_source_is_another_id():
    assert mask("CSAS_PAID_7") != mask("CSAS_UNPAID_7")


def test_a_missing_member_is_missed_even_if_its_value_varies():
    assert mask({"commandSequenceNumber": 8}) != mask({})


def test_lists_of_sources_have_no_order_but_fields_have():
    assert mask({"streams": [{"name": "A"}, {"name": "B"}]}) == mask(
        {"streams": [{"name": "B"}, {"name": "A"}]}
    )
    assert mask({"fields": [{"name": "A"}, {"name": "B"}]}) != mask(
        {"fields": [{"name": "B"}, {"name": "A"}]}
    )


def test_names_listed_in_a_message_have_no_order():
    assert mask("read from this source: [PAID, BIG_ORDERS].") == mask(
        "read from this source: [BIG_ORDERS, PAID]."
    )


def test_empty_statistics_are_not_statistics():
    assert mask({"statistics": "9 messages"}) == mask({"statistics": "1 message"}) != mask({"statistics": ""})


def test_the_json_parsers_words_are_its_own():
    assert mask("Invalid JSON in request: end of input\nline 1") == mask(
        "Invalid JSON in request: expecting a value"
    )
    assert mask("Invalid JSON in request: x") != mask("Invalid request")


def test_error_messages_are_not_masked():
    assert mask("line 1:27: Syntax Error\n") == "line 1:27: Syntax Error\n"


def test_streamed_bodies():
    assert documents('[{"header":{}},\n{"row":{}}]') == [[{"header": {}}, {"row": {}}]]
    assert documents('{"queryId":"q"}\n[1]\n') == [{"queryId": "q"}, [1]]
    assert documents("Key format: KAFKA_STRING\n") == ["Key format: KAFKA_STRING"]
    assert documents("") == []
