"""The addresses of the pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.i18n import set_language

from blanko.doors.web.pages import figures, files, front, plan, policies, regencies, rounds, supply


def files_or_upload(request: HttpRequest) -> HttpResponse:
    """One address for the list and the form that adds to it."""
    return files.take_in(request) if request.method == "POST" else files.files(request)


urlpatterns = [
    path("", front.front),
    path("map", regencies.tile_map),
    path("regencies/<str:code>", regencies.regency),
    path("rounds", rounds.rounds),
    path("rounds/<int:number>", rounds.one_round),
    path("rounds/<int:number>/document.json", rounds.document, {"form": "json"}),
    path("rounds/<int:number>/dossier.json", rounds.document, {"form": "dossier"}),
    path("rounds/<int:number>/shares.csv", rounds.document, {"form": "csv"}),
    path("rounds/<int:number>/<str:code>", rounds.why),
    path("plan", plan.planner),
    path("policies", policies.policy_lab),
    path("plan/minister", plan.minister),
    path("supply", supply.supply),
    path("dispatches", rounds.dispatches),
    path("dispatches/<int:number>/<str:code>/surat-jalan.pdf", rounds.paper, {"name": "surat-jalan"}),
    path("dispatches/<int:number>/<str:code>/packing-list.pdf", rounds.paper, {"name": "packing-list"}),
    path("files", files_or_upload),
    path("files/<str:sha256>", files.one_file),
    path("files/<str:sha256>/rejects.csv", files.rejects),
    path("blanks", supply.blanks),
    path("figures", figures.figures),
    path("audit", figures.audit_events),
    path("audit/<int:number>", figures.verify),
    path("language", set_language),
]
