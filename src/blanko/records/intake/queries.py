"""Read what came in."""

from __future__ import annotations

from typing import Any

from blanko.records.intake.models import File

COLUMNS = (
    "id", "sha256", "name", "kind", "format", "mapping", "read", "accepted", "unchanged", "refused", "warnings",
    "warning_counts", "rejects", "loaded_at", "loaded_by", "event_id",
)  # fmt: skip


def files(*, limit: int = 200) -> list[dict[str, Any]]:
    """Loaded files as plain rows with their balance, newest first."""
    return list(File.objects.order_by("-id").values(*COLUMNS)[:limit])


def file(sha256: str) -> dict[str, Any] | None:
    """One file's balance, or None."""
    return File.objects.filter(sha256=sha256).values(*COLUMNS).first()


def totals() -> dict[str, int]:
    """read, accepted, unchanged and refused rows of all registration files."""
    from django.db.models import Sum

    sums = File.objects.filter(kind="registrations").aggregate(
        read=Sum("read"), accepted=Sum("accepted"), unchanged=Sum("unchanged"), refused=Sum("refused")
    )
    return {name: int(value or 0) for name, value in sums.items()}
