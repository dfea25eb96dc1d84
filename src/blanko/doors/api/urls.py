"""The API, put together."""

from __future__ import annotations

from django.urls import path
from ninja import NinjaAPI

from blanko import __version__
from blanko.doors.api import (
    cards,
    cases,
    counting,
    custody,
    deaths,
    destruction,
    equipment,
    planning,
    problems,
    proof,
    records,
    registry_check,
    scenarios,
    suket,
    supply_lists,
    supply_writes,
    tables,
    tracing,
    versions,
)

api = NinjaAPI(
    title="blanko",
    version=__version__,
    description="Cards of a national identity programme. Refusals are application/problem+json.",
    # The usual page of the library fetches its scripts from elsewhere; docs/api.md and openapi.json need nobody.
    docs_url=None,
)
problems.install(api)
api.add_router("", records.router, tags=["records"])
api.add_router("", registry_check.router, tags=["records"])
api.add_router("", cases.router, tags=["records"])
api.add_router("", deaths.router, tags=["records"])
api.add_router("", supply_writes.router, tags=["supply"])
api.add_router("", supply_lists.router, tags=["supply"])
api.add_router("", equipment.router, tags=["supply"])
api.add_router("", scenarios.router, tags=["planning"])
api.add_router("", planning.router, tags=["planning"])
api.add_router("", versions.router, tags=["planning"])
api.add_router("", tables.router, tags=["planning"])
api.add_router("", custody.router, tags=["custody"])
api.add_router("", counting.router, tags=["custody"])
api.add_router("", destruction.router, tags=["custody"])
api.add_router("", tracing.router, tags=["custody"])
api.add_router("", cards.router, tags=["cards"])
api.add_router("", suket.router, tags=["cards"])
api.add_router("", proof.router, tags=["proof"])

urlpatterns = [path("", api.urls)]
