"""What can go wrong with the bytes of a record."""

from __future__ import annotations


class Undecodable(Exception):
    """Bytes that are not what the format and the columns say."""


class Unencodable(Exception):
    """A value that the format or the registered schema cannot hold."""
