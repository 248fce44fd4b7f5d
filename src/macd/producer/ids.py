"""Ids of a run's records: UUIDs from which the record's number can be read back.

A reader of the topics knows by the id alone whether a record belongs to a run and which one it is. That keeps
resuming and reconciling a run of a million orders at one byte an order instead of a dictionary of ids.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable

# Multiplying by an odd number permutes the 32-bit numbers, so neighbours get ids that look unrelated.
_FACTOR = 0x9E3779B1
_INVERSE = pow(_FACTOR, -1, 2**32)
_MASK = 0xFFFFFFFF
_NUMBER_DIGITS = 8
_VERSION = 8


def is_generated(key: bytes) -> bool:
    """Whether a key was made by some run, known or not: nobody else makes UUIDs of version 8."""
    try:
        return uuid.UUID(key.decode()).version == _VERSION
    except ValueError:
        return False


def prefix_of(key: bytes) -> bytes:
    """What all keys of one kind and run have in common."""
    return key[:-_NUMBER_DIGITS]


class IdSpace:
    """The ids of one kind of record in one run: UUID version 8, a hash of the run and then the number."""

    def __init__(self, run_id: str, seed: int, kind: str, size: int) -> None:
        digest = hashlib.sha256(f"{run_id}\n{seed}\n{kind}".encode()).digest()
        value = bytearray(digest[:16])
        value[6] = 0x80 | value[6] & 0x0F
        value[8] = 0x80 | value[8] & 0x3F
        self._prefix = str(uuid.UUID(bytes=bytes(value)))[:-_NUMBER_DIGITS]
        self._key_prefix = self._prefix.encode()
        self._shift = int.from_bytes(digest[16:20], "big")
        self.size = size

    @property
    def prefix(self) -> bytes:
        """The beginning of each of these ids, which no other run shares."""
        return self._key_prefix

    @property
    def query(self) -> dict[str, str]:
        """What MongoDB is asked for every string that begins so, whatever it goes on with; by an index."""
        return {"$gte": self._prefix, "$lt": f"{self._prefix[:-1]}{chr(ord(self._prefix[-1]) + 1)}"}

    def maker(self) -> Callable[[int], str]:
        """A function from the record's number, 0 to size - 1, to its id."""
        prefix, shift = self._prefix, self._shift

        def make(number: int) -> str:
            return f"{prefix}{(number * _FACTOR + shift) & _MASK:08x}"

        return make

    def number(self, key: bytes | None) -> int | None:
        """The number of the record with exactly this key; None for any other."""
        if key is None or not key.startswith(self._key_prefix):
            return None
        try:
            scrambled = int(key[len(self._key_prefix) :], 16)
        except ValueError:
            return None
        if b"%08x" % scrambled != key[len(self._key_prefix) :]:
            return None  # int() also takes upper case, blanks, signs and underscores
        number = (scrambled - self._shift) * _INVERSE & _MASK
        return number if number < self.size else None
