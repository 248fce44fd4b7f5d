"""Sending over a real server: plain, with STARTTLS and login, and everything that it may refuse."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from macd.alerts.content import self_test_content
from macd.alerts.mail import plain_mail
from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable, SpecError
from macd_airflow.notifications.mailer import Mailer

ADDRESSES = {"from_email": "airflow@macd.test", "to_email": "team@macd.test", "timeout": 5, "retry_limit": 0}
PLAIN = ADDRESSES | {"disable_ssl": True, "disable_tls": True}
STARTTLS = ADDRESSES | {"disable_ssl": True}


def send() -> tuple[str, ...]:
    mailer = Mailer()
    return mailer.send(plain_mail(self_test_content("h", "d.t", ()), mailer.envelope()))


@pytest.fixture
def encrypted(tmp_path, monkeypatch):
    """A server's certificate made for this test, and trusted by it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, private)
    return context, cert


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"user", b"right-canary")
    return AuthResult(success=good, handled=good)


def test_a_mail_goes_from_and_to_whom_the_connection_says(connection, serve, post):
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=serve(), extra=PLAIN)
    send()
    [mail] = post.mails
    assert (mail["From"], mail["To"]) == ("airflow@macd.test", "team@macd.test")
    assert mail.get_body(("plain",))
    assert mail.get_body(("html",))


def test_starttls_and_login_go_through_the_connection(connection, serve, post, encrypted, monkeypatch):
    context, certificate = encrypted
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port = serve(tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate)
    connection(
        "macd_smtp",
        conn_type="smtp",
        host="127.0.0.1",
        port=port,
        login="user",
        password="right-canary",
        extra=STARTTLS,
    )
    send()
    assert len(post.mails) == 1


def test_a_refused_login_names_the_connection_and_not_the_password(
    connection, serve, post, encrypted, monkeypatch
):
    context, certificate = encrypted
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port = serve(tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate)
    connection(
        "macd_smtp",
        conn_type="smtp",
        host="127.0.0.1",
        port=port,
        login="user",
        password="wrong-canary",
        extra=STARTTLS,
    )
    with pytest.raises(AuthenticationFailed, match=rf"127.0.0.1:{port}.*macd_smtp") as failure:
        send()
    assert "canary" not in str(failure.value)
    assert post.mails == []


def test_a_certificate_that_nobody_trusts_is_not_accepted(connection, serve, post, encrypted):
    port = serve(tls_context=encrypted[0])
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=port, extra=STARTTLS)
    with pytest.raises(ServiceUnreachable, match=r"certificate.*trusted"):
        send()
    assert post.mails == []


def test_a_server_without_encryption_is_not_used_unencrypted_by_mistake(connection, serve, post):
    port = serve()
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=port, extra=STARTTLS)
    with pytest.raises(ServiceUnreachable, match=rf"no encrypted connection to 127.0.0.1:{port}"):
        send()
    assert post.mails == []


def test_a_server_that_is_down_is_named_with_host_port_and_remedy(connection):
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=1, extra=PLAIN)
    with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1:1 \(connection macd_smtp\).*Remedy: Check"):
        send()


def test_refused_recipients_are_named(connection, serve, post):
    post.refuse = "550 no relaying"
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=serve(), extra=PLAIN)
    with pytest.raises(RequestRejected, match=r"refused the recipients team@macd\.test.*to_email"):
        send()


def test_who_does_not_get_a_mail_that_others_get_is_named_with_the_servers_words(connection, serve, post):
    post.refused = {"gone@macd.test": "550 no such user"}
    extra = PLAIN | {"to_email": "team@macd.test, gone@macd.test"}
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=serve(), extra=extra)
    assert send() == ("gone@macd.test: 550 no such user",)
    assert post.recipients == [["team@macd.test"]]


def test_a_mail_that_everybody_gets_is_refused_to_nobody(connection, serve, post):
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=serve(), extra=PLAIN)
    assert send() == ()


def test_a_mail_that_is_too_large_is_refused_and_no_other(connection, serve, post):
    port = serve(data_size_limit=100)
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=port, extra=PLAIN)
    with pytest.raises(RequestRejected, match=r"refused the mail: 552 "):
        send()


@pytest.mark.parametrize("refusing", ["refuse", "unwanted"])
def test_a_server_that_closes_is_not_taken_for_one_that_refuses_this_mail(refusing, connection, serve, post):
    closes = "421 closing for maintenance"
    setattr(post, refusing, closes if refusing == "refuse" else {"": closes})
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=serve(), extra=PLAIN)
    with pytest.raises(ServiceUnreachable, match="421 closing for maintenance"):
        send()


def test_a_server_that_wants_a_login_is_not_taken_for_one_that_refuses_this_mail(connection, serve, post):
    post.refuse_sender = "530 5.7.0 Authentication required"
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=serve(), extra=PLAIN)
    with pytest.raises(AuthenticationFailed, match=r"refused the login .*530.*login and password"):
        send()


def test_without_the_connection_it_says_how_to_make_one(monkeypatch):
    with pytest.raises(SpecError, match=r"no connection macd_smtp.*Remedy: Create it"):
        Mailer().envelope()
