"""The addresses of the pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.i18n import set_language

from blanko.doors.web.pages import (
    cases,
    contracts,
    counter,
    counting,
    custody,
    deaths,
    figures,
    files,
    front,
    holds,
    officers,
    own_case,
    plan,
    planning_tables,
    policies,
    printing,
    queue_order,
    regencies,
    round_acts,
    round_offices,
    rounds,
    samples,
    supply,
    supply_files,
    tracing,
)


def files_or_upload(request: HttpRequest) -> HttpResponse:
    """One address for the list and the form that adds to it."""
    return files.take_in(request) if request.method == "POST" else files.files(request)


def regency_or_report(request: HttpRequest, code: str) -> HttpResponse:
    """One address for a regency and for what its office tells."""
    return printing.tell(request, code) if request.method == "POST" else regencies.regency(request, code)


def case_or_decision(request: HttpRequest, number: int) -> HttpResponse:
    """One address for a case and for what is decided of it."""
    return cases.decide(request, number) if request.method == "POST" else cases.one(request, number)


urlpatterns = [
    path("", front.front),
    path("map", regencies.tile_map),
    path("regencies/<str:code>", regency_or_report),
    path("rounds", rounds.rounds),
    path("rounds/tables", planning_tables.tables_or_load),
    path("rounds/tables/<str:kind>.<str:form>", planning_tables.export),
    path("rounds/new", round_acts.new),
    path("rounds/offices", round_offices.wishes),
    path("rounds/rules", round_offices.rules),
    path("rounds/<int:number>", round_acts.one_round),
    path("rounds/<int:number>/review", round_acts.review),
    path("rounds/<int:number>/supersede", round_acts.supersede),
    path("rounds/<int:number>/override", round_acts.override),
    path("rounds/<int:number>/commit", round_acts.commit),
    path("rounds/<int:number>/discard", round_acts.discard),
    path("rounds/<int:number>/object", round_acts.object_to),
    path("rounds/<int:number>/document.json", rounds.document, {"form": "json"}),
    path("rounds/<int:number>/dossier.json", rounds.document, {"form": "dossier"}),
    path("rounds/<int:number>/shares.csv", rounds.document, {"form": "csv"}),
    path("rounds/<int:number>/<str:code>", rounds.why),
    path("plan", plan.planner),
    path("policies", policies.policy_lab),
    path("plan/minister", plan.minister),
    path("plan/own", own_case.own),
    path("plan/cases/<str:name>.toml", own_case.built_in_case),
    path("supply", supply.supply),
    path("supply/files", supply_files.files),
    path("supply/lists/<str:kind>.<str:form>", supply_files.export),
    path("supply/contracts/<path:number>", contracts.contract),
    path("supply/<str:name>", supply.part),
    path("dispatches", rounds.dispatches),
    path("dispatches/<int:number>/<str:code>/surat-jalan.pdf", rounds.paper, {"name": "surat-jalan"}),
    path("dispatches/<int:number>/<str:code>/packing-list.pdf", rounds.paper, {"name": "packing-list"}),
    path("files", files_or_upload),
    path("files/<str:sha256>", files.one_file),
    path("files/<str:sha256>/rejects.csv", files.rejects),
    path("custody", custody.custody),
    path("custody/reconcile", counting.reconcile),
    path("custody/counts", counting.count),
    path("custody/samples", samples.samples),
    path("destruction", counting.destroy),
    path("destruction/holds", holds.holds),
    path("destruction/berita-acara.pdf", counting.berita_acara),
    path("custody/receive", custody.receive),
    path("custody/bast.pdf", custody.bast),
    path("custody/resolve", custody.resolve),
    path("custody/dispatch", custody.dispatch),
    path("blanks", supply.blanks),
    path("trace", tracing.trace),
    path("alerts", tracing.alerts),
    path("cases", cases.queue),
    path("cases/groups", cases.groups),
    path("cases/group", cases.group),
    path("cases/cases.xlsx", cases.sheet),
    path("cases/<int:number>", case_or_decision),
    path("cases/deaths", deaths.deaths),
    path("cases/notices.xlsx", deaths.sheet),
    path("cases/notices/<int:number>.pdf", deaths.letter),
    path("cases/withdrawn", deaths.withdrawn),
    path("alerts/find", tracing.look),
    path("alerts/acknowledge", tracing.acknowledge),
    path("counter", counter.offices),
    path("counter/<str:office>", counter.queue),
    path("counter/<str:office>/hand-over", counter.hand_over),
    path("counter/<str:office>/cards", counter.cards),
    path("counter/<str:office>/uncollected", counter.uncollected),
    path("counter/<str:office>/suket", counter.suket_page),
    path("counter/<str:office>/suket.pdf", counter.suket_paper),
    path("turns", counter.turns),
    path("turns/order", queue_order.order),
    path("figures", figures.figures),
    path("audit", figures.audit_events),
    path("audit/<int:number>", figures.verify),
    path("officer", officers.choose),
    path("language", set_language),
]
