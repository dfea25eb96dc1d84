"""Make the named officers."""

from __future__ import annotations

from blanko.ground.access.models import User
from blanko.ground.access.officers import CENTRAL_OFFICERS, CENTRE, SERVICES, office_officers
from blanko.ground.places import gazetteer


def seed() -> int:
    """Add the named officers and services that are missing; return how many. Existing ones stay as they are."""
    offices = [(office.code, office.name) for office in gazetteer.offices() if office.code != CENTRE]
    wanted = [*SERVICES, *CENTRAL_OFFICERS, *office_officers(offices)]
    known = set(User.objects.values_list("username", flat=True))
    missing = [principal for principal in wanted if principal.username not in known]
    User.objects.bulk_create(
        [User(password="!", **principal._asdict()) for principal in missing], ignore_conflicts=True
    )
    return len(missing)
