"""A writing request that names a key acts once: sent again, it is answered as the first time.

Source: the IETF draft "The Idempotency-Key HTTP Header Field". Answers are kept for KEPT_DAYS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from blanko.ground.access.models import KeptAnswer
from blanko.ground.audit import queries as audit
from blanko.kernel.errors import BlankoError, InvalidValue

KEPT_DAYS = 7


class BadRequestKey(InvalidValue):
    """A key that cannot name a request."""


class RequestKeyTaken(BlankoError):
    """The key named another request before."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the first request was answered."""

    status: int
    body: str


def find(*, key: str, fingerprint: str) -> Kept | None:
    """What this request was answered before, or None when it is the first; until the transaction ends others wait.

    ``fingerprint`` is a digest of all that makes the request what it is. Call it inside the transaction of the request.
    Raises BadRequestKey, RequestKeyTaken.
    """
    if not re.fullmatch(r"[!-~]{8,128}", key):
        raise BadRequestKey("a request is named {key}", mend="use 8 to 128 letters, such as a UUID", key=repr(key[:40]))
    with connection.cursor() as cursor:
        # Of two that come at once the second waits, and then finds what the first was answered.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"access_kept_answer {key}"])
    row = KeptAnswer.objects.filter(pk=key).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise RequestKeyTaken(
            "the key {key} named another request before", mend="use a new key for a new request", key=repr(key[:40])
        )
    return Kept(row.status, row.body)


def keep(*, key: str, fingerprint: str, status: int, body: str, at: datetime) -> None:
    """Keep what a request was answered, and forget what is older than KEPT_DAYS."""
    KeptAnswer.objects.filter(at__lt=at - timedelta(days=KEPT_DAYS)).delete()
    newest = audit.events(limit=1)
    KeptAnswer.objects.create(
        key=key, fingerprint=fingerprint, status=status, body=body, at=at, event_id=newest[0]["id"] if newest else 0
    )
