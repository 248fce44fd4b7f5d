"""Secrets that are made up: for the local stack and for the containers of docker-compose.yaml."""

from __future__ import annotations

import base64
import secrets


def password() -> str:
    """Letters, digits, - and _: it goes into URLs, JSON and JAAS as it is."""
    return secrets.token_urlsafe(24)


def long_key() -> str:
    """Airflow signs with HMAC-SHA-512, which wants a key of at least 64 bytes."""
    return secrets.token_urlsafe(64)


def fernet_key() -> str:
    """A key of Fernet, with which Airflow encrypts Connections: 32 bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
