"""The counter of an office: queue and print, hand over, spoil and send, suket, what nobody collected."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from blanko.cards.counting import queries as counts
from blanko.cards.custody import queries as custody
from blanko.cards.custody.rules import Key
from blanko.cards.issuance import operations, ordering, queries
from blanko.cards.issuance.rules import Blank, HandedTo, OldCardKind, OutOfTurn, PrinterFault, Prints, Relation
from blanko.cards.suket import operations as suket
from blanko.cards.suket import papers
from blanko.cards.suket import queries as sukets
from blanko.cards.suket.rules import Reason, VoidCause
from blanko.doors.web import officer, words
from blanko.doors.web.pages import supply
from blanko.doors.web.pages.responses import in_readers_words, named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.access import queries as access
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer
from blanko.kernel.errors import BlankoError
from blanko.records.entitlement import queries as owed
from blanko.records.registry import queries as registry

Answer = tuple[str, str]
SHOWN = 200


def offices(request: HttpRequest) -> HttpResponse:
    """``/counter``: choose an office."""
    ages: dict[str, int] = {}
    for row in queries.uncollected_by_age(at=timezone.now()):
        ages[row["office"]] = ages.get(row["office"], 0) + row["cards"]
    ready = {code: split.print_ready for code, split in owed.backlog_by_regency().items()}
    held: dict[str, int] = {}
    for row in sukets.holders(on=timezone.localdate()):
        held[row["office"]] = held.get(row["office"], 0) + row["holders"]
    hidden = counts.blind_offices()
    good = {code: holding.good for code, holding in custody.holdings().items()}
    rows = [
        {
            "code": regency.code, "name": regency.name, "waiting": ready.get(regency.code, 0),
            "good": None if regency.code in hidden else good.get(regency.code, 0),
            "uncollected": ages.get(regency.code, 0),
            "sukets": held.get(regency.code, 0),
        }
        for regency in gazetteer.regencies_2017()
    ]  # fmt: skip
    table = Table.of(
        request, name="offices", rows=rows, sort="-waiting",
        columns=[
            Column("code", _("Code"), href=lambda row: f"/counter/{row['code']}"),
            Column("name", _("Office"), href=lambda row: f"/counter/{row['code']}"),
            Column("waiting", _("Wait for a blank"), number=True), Column("good", _("Good blanks"), number=True),
            Column("uncollected", _("Not collected"), number=True), Column("sukets", _("Hold a suket"), number=True),
        ],
    )  # fmt: skip
    return page(request, "counter_offices.html", table)


def at_counter(name: str, template: str) -> Callable[..., Callable[..., HttpResponse]]:
    """A page of one office. A POST does one thing and answers with what was done, in words and with a sound; the form
    comes back with the focus in its first field, so that the next scan goes there.
    """

    def decorate(view: Callable[..., dict[str, Any]]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, office: str) -> HttpResponse:
            place = gazetteer.regency(office)
            how, said = request.session.pop("counter", ("", ""))
            if request.method == "POST":
                how, said = _done(request, place.code)
                if request.headers.get("X-Counter") != "part":
                    # A page that is loaded again must not do it again.
                    request.session["counter"] = [how, said]
                    kept = {"nik": request.POST["nik"]} if how == "wrong" and request.POST.get("nik") else {}
                    return HttpResponseRedirect(f"{request.path}{'?' + urlencode(kept) if kept else ''}")
            context = view(request, place.code)
            who, table = officer.chosen(request), context.pop("table", None)
            if table is not None and (exported := table.export(request)) is not None:
                return exported
            return render(
                request, template,
                {
                    **context, "table": table, "office": place, "tab": name, "how": how, "said": said,
                    "tabs": _tabs(place.code), "chosen": who,
                    "acting": who if who is not None and who["office"] == place.code else None,
                    "crumbs": [("/counter", _("Counters"))], "sequence": time.time_ns() // 1_000_000,
                },
            )  # fmt: skip

        return named_errors(answer)

    return decorate


def _tabs(office: str) -> list[tuple[str, str, str]]:
    return [
        ("queue", f"/counter/{office}", _("Queue and print")),
        ("hand-over", f"/counter/{office}/hand-over", _("Hand over")),
        ("cards", f"/counter/{office}/cards", _("Spoiled, lost, sent")),
        ("uncollected", f"/counter/{office}/uncollected", _("Not collected")),
        ("suket", f"/counter/{office}/suket", _("Suket")),
    ]


def _done(request: HttpRequest, office: str) -> Answer:
    """Do what the form asks; a refusal is said in the reader's words and nothing is done."""
    given = {name: str(value).strip() for name, value in request.POST.items()}
    try:
        by = given["by"] = officer.required(request)
        if by not in {officer["username"] for officer in access.officers(office=office)}:
            raise NotOfThisOffice(
                "{by} is no officer of this office",
                mend="choose an officer of this office, at the top of the page",
                by=by,
            )
        with acting(principal=by):
            return "right", ACTIONS[given.get("do", "")](office, given, {"by": by, "at": timezone.now()})
    except KeyError:
        return "wrong", _("The form asks for nothing that this page does.")
    except BlankoError as error:
        says, mend = in_readers_words(error)
        return "wrong", f"{says}: {mend}" if mend else says
    except ValueError:
        return "wrong", _("A field of the form holds something else than its list or a number.")


class NotOfThisOffice(BlankoError):
    """An officer acts at the own office only."""


@at_counter("queue", "counter_queue.html")
def queue(request: HttpRequest, office: str) -> dict[str, Any]:
    """``/counter/<office>``: who is next, and printing."""
    day = timezone.localdate()
    table = Table.of(
        request, name="queue", rows=queries.queue(office=office, on=day, limit=SHOWN),
        columns=[
            Column("place", _("Place"), number=True), Column("nik", "NIK"), Column("name", _("Name")),
            Column("cause", _("Cause"), form=lambda cause: supply.causes().get(cause, cause)),
            Column("print_ready_since", _("Print-ready since"), form=words.day),
            Column("holds_suket", _("Suket"), form=lambda held: _("holds one") if held else words.NOTHING),
        ],
    )  # fmt: skip
    holding = custody.holdings(office=office).get(office)
    return {
        "table": table, "waiting": queries.waiting(office=office), "good": holding.good if holding else 0,
        "counted_now": office in counts.blind_offices(),
        "jobs": queries.jobs(office=office), "prints": queries.office_prints(office, day), "rule": queries.rule_on(day),
        "turns": turn_names(), "faults": fault_names(), "blanks": blank_names(), "nik": request.GET.get("nik", ""),
        "in_printers": len(queries.jobs(office=office)),
    }  # fmt: skip


@at_counter("hand-over", "counter_hand_over.html")
def hand_over(request: HttpRequest, office: str) -> dict[str, Any]:
    """``/counter/<office>/hand-over``: scan a card, see its holder, check, hand over."""
    serial = request.GET.get("serial", "").strip().upper()
    card = queries.card(serial) if serial else None
    person = None
    if card is not None:
        found = registry.person(card["person_id"])["records"]
        person = found[0] if found else None
    return {
        "serial": serial, "card": card, "person": person, "relations": relation_names(), "kinds": old_kind_names(),
        "last": card["steps"][-1] if card else None,
        "now": supply.conditions().get(card["steps"][-1]["step"], "") if card else "",
        "waiting": sum(row["cards"] for row in queries.uncollected_by_age(at=timezone.now(), office=office)),
    }  # fmt: skip


@at_counter("cards", "counter_cards.html")
def cards(request: HttpRequest, office: str) -> dict[str, Any]:
    """``/counter/<office>/cards``: cards that failed, are gone, or go to another office."""
    return {
        "arriving": [row for row in custody.on_the_way(to_office=office) if row["kind"] in ("transfer", "return")],
        "offices": gazetteer.regencies_2017(),
        "old": queries.old_cards(office=office, limit=50),
        "kinds": old_kind_names(),
    }


@at_counter("uncollected", "counter_uncollected.html")
def uncollected(request: HttpRequest, office: str) -> dict[str, Any]:
    """``/counter/<office>/uncollected``: printed cards that wait for their holders, by age."""
    table = Table.of(
        request, name="uncollected", rows=queries.uncollected(office=office, limit=1_000),
        columns=[
            Column("serial", _("Serial"), href=lambda row: f"/counter/{office}/hand-over?serial={row['serial']}"),
            Column("printed_at", _("Printed"), form=words.day), Column("nik", "NIK"), Column("name", _("Name")),
        ],
    )  # fmt: skip
    ages = queries.uncollected_by_age(at=timezone.now(), office=office)
    return {"table": table, "ages": ages, "total": sum(row["cards"] for row in ages)}


@at_counter("suket", "counter_suket.html")
def suket_page(request: HttpRequest, office: str) -> dict[str, Any]:
    """``/counter/<office>/suket``: issue one or many, renew, void, print."""
    day = timezone.localdate()
    table = Table.of(
        request, name="sukets", rows=sukets.of_office(office, limit=1_000),
        columns=[
            Column("number", _("Suket number"), href=lambda row: f"/counter/{office}/suket.pdf?number={row['number']}"),
            Column("name", _("Name")), Column("nik", "NIK"), Column("reason", _("Reason"), form=reason_name),
            Column("issued_on", _("Issued"), form=words.day), Column("valid_until", _("Valid until"), form=words.day),
        ],
    )  # fmt: skip
    ages = sukets.holders(on=day, office=office)
    return {
        "table": table, "ages": [{**row, "says": age_names()[row["age"]]} for row in ages],
        "total": sum(row["holders"] for row in ages), "without": sukets.waiting_without(office=office),
        "causes": void_names(), "reasons": {r.value: reason_name(r.value) for r in Reason if r is not Reason.UNK},
    }  # fmt: skip


@named_errors
def suket_paper(request: HttpRequest, office: str) -> HttpResponse:
    """``/counter/<office>/suket.pdf?number=``"""
    return HttpResponse(papers.paper(request.GET.get("number", "")), content_type="application/pdf")


@named_errors
def turns(request: HttpRequest) -> HttpResponse:
    """``/turns``: how cards were printed, and which were printed before others, for what reason. Public."""
    last = _day(request.GET.get("last")) or timezone.localdate()
    # A replay's cards were printed in its own year.
    begun = min(last, owed.claims_as_of() or last)
    first = _day(request.GET.get("first")) or begun.replace(month=1, day=1)
    found = queries.turns(first=first, last=last)
    names = {"queue": _("next in the queue"), "collection": _("holder at the counter"), **turn_names()}
    rows = [
        {**row, "name": gazetteer.name_of(row["office"]), "says": names[row["turn"]],
         "each": round(row["passed_over"] / row["cards"], 1)}
        for row in found
    ]  # fmt: skip
    out = [row for row in rows if row["turn"] in set(OutOfTurn)]
    table = Table.of(
        request, name="turns", rows=rows, sort="-passed_over",
        columns=[
            Column("name", _("Office"), href=lambda row: f"/regencies/{row['office']}"), Column("says", _("Why then")),
            Column("cards", _("Cards"), number=True), Column("passed_over", _("Persons passed over"), number=True),
        ],
    )  # fmt: skip
    return page(
        request, "turns.html", table, first=first, last=last, printed=sum(row["cards"] for row in rows),
        out=sum(row["cards"] for row in out), passed=sum(row["passed_over"] for row in out),
        rules=queries.rules_known(),
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


# --- what a form may ask for


def _key(office: str, given: dict[str, str]) -> Key:
    # The form carries its number, so that a form that is sent twice prints once.
    return Key(f"counter/{office}/{given['by']}", int(given["sequence"]))


def _print(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    key = _key(office, given)
    if given.get("nik"):
        serial = operations.print_for(
            nik=given["nik"], office=office, key=key, turn=given.get("turn") or None, note=given.get("note", ""), **who
        )
        return _("Card %(serial)s is printed.") % {"serial": serial}
    printed = operations.print_cards(office=office, limit=min(int(given["limit"]), 2_000), key=key, **who)
    if not printed:
        return _("Nothing was printed: nobody waits, or no blank is left.")
    return _("%(n)s cards are printed: %(first)s to %(last)s.") % {
        "n": words.count(len(printed)), "first": printed[0], "last": printed[-1],
    }  # fmt: skip


def _send(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    jobs = operations.send_to_printer(
        office=office, key=_key(office, given), limit=min(int(given.get("limit") or 1), 200),
        nik=given.get("nik") or None, turn=given.get("turn") or None, note=given.get("note", ""), **who,
    )  # fmt: skip
    return _("%(n)s blanks are in the printers.") % {"n": words.count(len(jobs))}


def _finish(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    return _("Card %(serial)s is printed.") % {"serial": operations.finish_job(job=given["job"], **who)}


def _fail(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    operations.fail_job(
        job=given["job"], fault=PrinterFault(given["fault"]), blank=Blank(given["blank"]),
        note=given.get("note", ""), **who,
    )  # fmt: skip
    return _("The job has failed; the person is first in the queue again.")


def _hand_over(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    old = None
    if given.get("old_kind"):
        old = operations.OldCardBack(kind=OldCardKind(given["old_kind"]), serial=given.get("old_serial", ""))
    checked = ", ".join(filter(None, (given.get(f"checked_{name}") for name in ("face", "finger", "paper"))))
    operations.hand_over(
        cards=[given["serial"].upper()], to=HandedTo(given["to"]), checked=checked or given.get("checked", ""),
        receiver=given.get("receiver", ""), relation=given.get("relation", ""), document=given.get("document", ""),
        old_card=old, office=office, **who,
    )  # fmt: skip
    return _("Card %(serial)s is handed over.") % {"serial": given["serial"].upper()}


def _scans(given: dict[str, str]) -> list[str]:
    return [line.strip().upper() for line in given.get("scans", "").splitlines() if line.strip()]


def _spoil(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    done = operations.spoil(cards=_scans(given), reason=given.get("reason", ""), **who)
    return _("%(n)s cards are spoiled; their persons are owed one as before.") % {"n": words.count(done)}


def _lost(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    done = operations.report_lost(cards=_scans(given), reason=given.get("reason", ""), **who)
    return _("%(n)s cards are reported lost; their persons are owed one as before.") % {"n": words.count(done)}


def _ship(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    movement = operations.ship(
        cards=_scans(given), office=office, to_office=gazetteer.regency(given["to_office"]).code,
        key=_key(office, given), **who,
    )  # fmt: skip
    return _("The cards are on their way in movement %(movement)s.") % {"movement": movement}


def _arrive(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    done = operations.arrive(movement=given["movement"], **who)
    return _("%(n)s cards have arrived.") % {"n": words.count(done)}


def _give_back(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    old = operations.OldCardBack(kind=OldCardKind(given["old_kind"]), serial=given.get("old_serial", ""))
    number = operations.give_back(office=office, person_id=registry.person_under(given["nik"]), old_card=old, **who)
    return _("The old card is registered for destruction: %(number)s.") % {"number": number}


def _issue(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    number = suket.issue(person_id=registry.person_under(given["nik"]), office=office, **who)
    return _("Suket %(number)s is issued.") % {"number": number}


def _bulk(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    numbers = suket.issue_bulk(office=office, reasons=[Reason(given["reason"])], limit=int(given["limit"]), **who)
    return _("%(n)s sukets are issued.") % {"n": words.count(len(numbers))}


def _set(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    ordering.set_office(office=office, prints=Prints(given["prints"]), reason=given.get("reason", ""), **who)
    return _("From today on this office prints as chosen.")


def _renew(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    number = suket.renew(number=given["number"], **who)
    return _("Suket %(number)s is issued.") % {"number": number}


def _void(office: str, given: dict[str, str], who: dict[str, Any]) -> str:
    suket.void(number=given["number"], cause=VoidCause(given["cause"]), note=given.get("note", ""), **who)
    return _("Suket %(number)s is void.") % {"number": given["number"]}


ACTIONS: dict[str, Callable[[str, dict[str, str], dict[str, Any]], str]] = {
    "print": _print, "send": _send, "finish": _finish, "fail": _fail, "hand-over": _hand_over, "spoil": _spoil,
    "lost": _lost, "ship": _ship, "arrive": _arrive, "give-back": _give_back, "issue": _issue, "bulk": _bulk,
    "renew": _renew, "set": _set, "void": _void,
}  # fmt: skip


# --- words


def turn_names() -> dict[str, str]:
    return {
        "medical": _("illness or treatment"), "disaster": _("disaster"), "departure": _("departure abroad"),
        "court": _("order of a court"), "disability": _("disability or old age"),
        "office_fault": _("fault of the office"),
    }  # fmt: skip


def fault_names() -> dict[str, str]:
    return {
        "jam": _("card jammed"), "ribbon": _("ribbon or film"), "chip": _("chip does not answer"),
        "misprint": _("print is faulty"), "power": _("power was gone"), "wrong_data": _("wrong data"),
        "other": _("something else"),
    }  # fmt: skip


def blank_names() -> dict[str, str]:
    return {"spoiled": _("the blank is spoiled"), "good": _("the blank is still good")}


def relation_names() -> dict[str, str]:
    names = {
        "family": _("family"), "guardian": _("guardian"), "village_officer": _("officer of the village"),
        "representative": _("representative with a letter"),
    }  # fmt: skip
    return {relation.value: names[relation.value] for relation in Relation}


def old_kind_names() -> dict[str, str]:
    return {"ktp_el": _("KTP-el"), "ktp_nasional": _("older identity card")}


def void_names() -> dict[str, str]:
    return {
        "lost": _("suket lost"), "wrong_data": _("wrong data"), "issued_in_error": _("issued in error"),
        "moved": _("holder moved away"), "deceased": _("holder died"), "forged": _("forged"),
    }  # fmt: skip


def reason_name(code: str) -> str:
    return {
        "PRR": _("PRR, waits for a blank"), "SFE": _("SFE, waits for the check of uniqueness"),
        "ADJ": _("ADJ, case is examined"), "COR": _("COR, data are corrected"), "UNK": _("not known, from a file"),
    }.get(code, code)  # fmt: skip


def age_names() -> dict[str, str]:
    return {
        "under_1": _("less than a month"), "1_to_3": _("one to three months"), "3_to_6": _("three to six months"),
        "expired": _("no longer valid"), "unknown": _("since an unknown day"),
    }  # fmt: skip
