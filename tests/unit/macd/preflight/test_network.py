"""Against real sockets of this machine: why nobody answers."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from macd.clients.registry import SchemaRegistry
from macd.errors import ServiceUnreachable
from macd.preflight import network
from macd.specs import HttpService


@pytest.fixture
def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def rude_port():
    """Hangs up on whoever speaks first."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.recv(1024)
                connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def reason(url):
    client = SchemaRegistry(HttpService(url=url), requests.Session())
    with pytest.raises(ServiceUnreachable) as caught:
        client.subjects()
    return network.with_reason(caught.value)


def test_a_closed_port_is_told_from_a_wrong_name_and_another_protocol(closed_port, rude_port):
    assert "nobody listens there" in reason(f"http://127.0.0.1:{closed_port}").message
    assert "the name does not resolve" in reason("http://no-such-host.invalid").message
    assert "it hangs up" in reason(f"http://127.0.0.1:{rude_port}").message
    assert "TLS cannot be agreed on" in reason(f"https://127.0.0.1:{rude_port}").message


def test_the_remedy_keeps_what_the_client_said(closed_port):
    remedy = reason(f"http://127.0.0.1:{closed_port}").remedy
    assert "correct the port" in remedy
    assert "macd_schema_registry" in remedy


def test_a_connection_is_opened_and_closed(rude_port):
    network.connect("Kafka", f"127.0.0.1:{rude_port}")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1:{closed}", "nobody listens there"),
        ("no-such-host.invalid:9092", "does not resolve"),
        ("broker", "invalid literal"),
    ],
)
def test_an_address_that_leads_nowhere_says_why_once(closed_port, address, why):
    with pytest.raises(ServiceUnreachable, match=why) as caught:
        network.connect("Kafka", address.format(closed=closed_port))
    assert network.with_reason(caught.value) is caught.value
