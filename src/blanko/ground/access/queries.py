"""Read who is known."""

from __future__ import annotations

from typing import Any

from blanko.ground.access.models import User


def officers(*, office: str | None = None) -> list[dict[str, Any]]:
    """Active persons as plain rows (username, name, title, office), of one office or of all."""
    found = User.objects.filter(kind="person", is_active=True)
    if office is not None:
        found = found.filter(office=office)
    return list(found.order_by("username").values("username", "name", "title", "office"))
