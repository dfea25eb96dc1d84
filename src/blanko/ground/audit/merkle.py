"""Canonical bytes of a row, and the Merkle tree over them. Pure.

Source: RFC 6962, section 2.1 (leaf prefix 0x00, node prefix 0x01, so that a node can never pass as a leaf).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any, Self
from uuid import UUID

from blanko.kernel.errors import BlankoError

EMPTY_ROOT = sha256(b"").digest()


class NotCanonical(BlankoError):
    """A value has no canonical bytes, so that the row that holds it cannot be sealed."""


def canonical(table: str, row: Mapping[str, object]) -> bytes:
    """The bytes that stand for one row of one table, the same on every machine and in every order of columns.

    UTF-8 JSON ``[table, {column: value}]``, keys sorted, no spaces. Times are UTC with microseconds, decimals are
    plain text without trailing zeros, bytes are hexadecimal. Raises NotCanonical for a naive time or an unknown type.
    """
    return _ENCODER.encode([table, row]).encode("utf-8")


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise NotCanonical("the time {value} names no zone", mend="give an aware time", value=value)
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "lower") and hasattr(value, "upper") and hasattr(value, "bounds"):
        return [value.lower, value.upper, value.bounds]
    raise NotCanonical("{name__} has no canonical bytes", mend="store a plain value", name__=type(value).__name__)


# One encoder for all rows: making one costs more than a row does.
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False)


def leaf_of_bytes(data: bytes) -> bytes:
    """The leaf hash of canonical bytes."""
    return sha256(b"\x00" + data).digest()


def leaf(table: str, row: Mapping[str, object]) -> bytes:
    """The leaf hash of one row."""
    return leaf_of_bytes(canonical(table, row))


def root(leaves: Iterable[bytes]) -> bytes:
    """The RFC 6962 root of the leaf hashes in their given order; 32 bytes."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        paired = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            # RFC 6962 splits at the largest power of two: level by level that lifts the odd node unhashed.
            paired.append(level[-1])
        level = paired
    return level[0]


@dataclass(frozen=True, slots=True)
class Facts:
    """The seal of an operation: how many rows it writes, and the root over their sorted leaves."""

    count: int
    root: bytes

    @classmethod
    def of(cls, rows_by_table: Mapping[str, Iterable[Mapping[str, object]]]) -> Self:
        """Seal rows given as dictionaries of all their sealed columns (all but ``id`` and ``event_id``)."""
        return cls.of_leaves(leaf(table, row) for table, rows in rows_by_table.items() for row in rows)

    @classmethod
    def of_leaves(cls, leaves: Iterable[bytes]) -> Self:
        """Seal leaf hashes that the caller made; they are sorted here."""
        ordered = sorted(leaves)
        return cls(len(ordered), root(ordered))

    @classmethod
    def none(cls) -> Self:
        """The seal of an operation that writes no facts."""
        return cls(0, EMPTY_ROOT)
