"""Who is recorded twice: the queue, one case with its records side by side and its weights, groups, sheets."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from blanko.decisions.cases import operations, queries, rules, sheets
from blanko.decisions.cases.rules import Key, Kind, Outcome, State
from blanko.doors.web import officer, words
from blanko.doors.web.codes import marital, record_statuses
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.access.acting import acting
from blanko.ground.files.spreadsheets import XLSX
from blanko.kernel.errors import InvalidValue
from blanko.records.registry import dying

LISTED, SHOWN = 2_000, 40
WIDTH, LABELS, ROW = 1000.0, 330.0, 26.0
FIELDS = (
    "nik", "name", "birth_place", "birth_date", "sex", "mother_name", "marital_status", "address", "regency",
    "recorded_on", "status", "card",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beam:
    """One field's part of a weight, in SVG units: from where the sum stood to where it stands."""

    label: str
    says: str
    bits: str
    x: float
    y: float
    width: float
    colour: str
    text_x: float


def kinds() -> dict[str, str]:
    """Why a case was opened, in the reader's words."""
    return {
        "merged": _("held as one person's"),
        "review": _("linkage asks"),
        "biometric": _("fingerprints and irises ask"),
        "nik": _("one NIK, several persons"),
        "death": _("a paper about a death leaves open who died"),
    }


def states() -> dict[str, str]:
    return {
        "open": _("open"),
        "asked": _("asked, waits for an answer"),
        "second": _("waits for the second officer"),
        "settled": _("settled"),
        "overtaken": _("overtaken: the records no longer ask it"),
    }


def outcomes() -> dict[str, str]:
    return {
        "same": _("one person"), "different": _("different persons"), "parts": _("several persons"),
        "died": _("the person of one record died"),
    }  # fmt: skip


def outcome_words(kind: str, outcome: str) -> str:
    """What was decided, in the reader's words; of a death, ``different`` means that it is none of the records."""
    if kind == Kind.DEATH and outcome == Outcome.DIFFERENT:
        return _("none of these persons")
    return outcomes().get(outcome, "")


def steps() -> dict[str, str]:
    return {
        "ask": _("asked"), "propose": _("decided, to be signed"), "refuse": _("signature refused"),
        "settle": _("settled"), "undo": _("taken back"), "overtake": _("overtaken"), "reopen": _("asked again"),
    }  # fmt: skip


def fields() -> dict[str, str]:
    return {
        "nik": "NIK", "name": _("Name"), "birth_place": _("Birth place"), "birth_date": _("Birth date"),
        "sex": _("Sex"), "marital_status": _("Marital status"), "address": _("Address"), "regency": _("Regency"),
        "recorded_on": _("Recorded on"), "status": _("Status"), "card": _("Card"), "birth": _("Birth date"),
        "mother": _("Mother"), "mother_name": _("Mother"), "location": _("Where they live"),
        "birth_place_near": _("Birth place, in one regency"), "prior": _("Any two records"),
        "relatives": _("Relatives would agree as much"), "family": _("Family card"),
    }  # fmt: skip


def rule_words() -> dict[str, str]:
    """The published rule, as rules.RULES has it."""
    return {
        "choice": _("The person chooses which record stays, and with it the domicile."),
        "no_answer": _("Who does not answer in 30 days keeps the record whose card is out, else the newest one."),
        "never_merged_unasked": _("Silence never makes records one person's that nobody has judged so."),
        "second_card": _("A second officer signs before a record is closed that a card was printed for."),
        "second_many": _("A second officer signs before more than 2 records are closed at once."),
        "quarantine": _("A closed record is kept whole and can be opened again; nothing is deleted."),
        "one_open": _("No decision leaves a person without an open record."),
        "binds": _("A decision binds until one of its records changes."),
        "group": _(
            "A group holds up to 500 cases of two records with one error pattern, none that needs a second officer."
        ),
        "sample": _("Pairs drawn for an audit are judged one by one, never in a group."),
        "withheld": _("While a pair of weight 0 or more waits, the card of the later record is withheld."),
        "death": _(
            "A death suspends the card and erases nothing; an objection within 30 days that is upheld lifts it."
        ),
        "death_named": _(
            "A paper suspends a card only where its name and NIK mean one person; else a case asks who died."
        ),
        "notice": _(
            "Every suspension is told to the family: since when, by which document, and until when one may object."
        ),
        "mistake": _("A record entered by mistake is withdrawn, kept whole, and can be restored."),
    }


def alone_words(code: str) -> str:
    """Why a case is settled by itself."""
    names = {
        "sample": _("drawn for an audit"), "changed": _("a record has changed"),
        "second_card": _("needs a second officer"), "second_many": _("needs a second officer"),
    }  # fmt: skip
    return names.get(code, code)


def pattern_words(pattern: str) -> str:
    """An error pattern in words: which fields differ between the two records."""
    signs = {
        "x": _("differs"),
        "-": _("is missing"),
        "~": _("has words in common"),
        "s": _("day and month changed places"),
    }
    said = [f"{fields().get(part[:-1], part[:-1])} {signs[part[-1]]}" for part in pattern.split() if part[-1] in signs]
    return ", ".join(said) or _("nothing differs")


@require_GET
@named_errors
def queue(request: HttpRequest) -> HttpResponse:
    """``/cases?office=&kind=&state=``"""
    office, kind, state = (request.GET.get(name, "").strip() for name in ("office", "kind", "state"))
    found = queries.queue(office=office, kind=kind, state=state, limit=LISTED)
    for row in found:
        row["who"] = " | ".join(row["names"])
        row["stands"] = states()[row["state"]] + (f" {words.day(row['due'])}" if row["due"] else "")
        row["differs"] = pattern_words(row["pattern"]) if row["pattern"] else ""
    table = Table.of(
        request,
        name="cases",
        columns=[
            Column("case_no", _("Case"), href=lambda row: f"/cases/{row['case_no']}", form=str),
            Column("kind", _("Why"), form=lambda code: kinds()[code]),
            Column("office", _("Office"), form=words.area),
            Column("weight", _("Weight"), unit="bit", number=True, form=lambda bits: words.rounded(bits, 1)),
            Column("who", _("Who")),
            Column("records", _("Records"), number=True),
            Column("differs", _("What differs")),
            Column("opened_on", _("Open since"), form=words.day),
            Column("stands", _("How it stands")),
        ],
        rows=found,
        page_size=SHOWN,
    )
    overview = queries.overview(on=timezone.localdate(), office=office)
    waiting = sum(overview["states"].get(s.value, 0) for s in rules.WAITING)
    return page(
        request, "cases.html", table, waiting=waiting, settled=overview["states"].get("settled", 0),
        ages=_ages(overview), office=office, kind=kind, state=state, kinds=kinds(), states=states(),
        rules=list(rule_words().values()), doubles=_replayed(),
        total=queries.count(office=office, kind=kind, state=state),
        listed=LISTED, due=overview["due"], acting=officer.chosen(request), outcomes=outcomes(),
        settled_as=[(outcomes()[code], n) for code, n in overview["outcomes"].items() if code],
    )  # fmt: skip


def _ages(overview: dict[str, Any]) -> Table:
    heads = [(f"d{start}", start, end) for start, end in rules.AGES]
    rows = [
        {
            "kind": kinds()[kind],
            **{f"d{age['days_from']}": age["cases"] for age in overview["ages"] if age["kind"] == kind},
        }
        for kind in map(str, Kind)
    ]
    return Table.plain(
        "ages",
        [
            Column("kind", _("Why")),
            *(
                Column(name, f"{start}–{end}" if end else f"{start}+", unit=_("days"), number=True)
                for name, start, end in heads
            ),
        ],
        rows,
    )


def _replayed() -> dict[str, Any] | None:
    """What the last replay says of planted and found doubles, if one was played here."""
    try:
        told = json.loads((settings.DATA_DIR / "replay.json").read_text(encoding="utf-8"))["doubles"]
    except (FileNotFoundError, KeyError):
        return None
    parts = [
        ("held_as_one", _("held as one person's"), "f6"), ("in_a_case", _("waiting in a case"), "f4"),
        ("not_found", _("not found"), "f1"),
    ]  # fmt: skip
    found = told["found"]["at_the_end"]
    pieces, x = [], 0.0
    for code, name, colour in parts:
        width = 1000.0 * found[code] / max(1, found["planted"])
        pieces.append({"name": name, "value": found[code], "x": x, "width": width, "colour": colour})
        x += width
    weeks = [{"awaiting_uniqueness": None, **week, "day": date.fromisoformat(week["day"])} for week in told["weeks"]]
    names = {
        "waiting": _("cases that wait"), "settled": _("cases settled"), "awaiting_uniqueness": _("awaiting uniqueness"),
        "duplicate_cases": _("cards in a double case"),
        "print_ready": _("print-ready cards"), "needs_correction": _("cards that wait for a mended record"),
    }  # fmt: skip
    table = Table.plain(
        "weeks",
        [Column("day", _("Day"), form=words.day), *(Column(code, name, number=True) for code, name in names.items())],
        weeks,
    )
    return {"planted": found["planted"], "wrongly": found["held_wrongly"], "pieces": pieces, "weeks": table}


@require_GET
@named_errors
def one(request: HttpRequest, number: int) -> HttpResponse:
    """``/cases/<number>``: the records side by side, the weight as a waterfall, the decision, and the history."""
    found = queries.case(number)
    members = found["members"]
    keys = ["/".join((m["recorded_office"], m["record_id"])) for m in members]
    paper = found["paper"]
    weights = _weights(paper, keys)
    rows = []
    for name in FIELDS:
        values = [_shown(member, name) for member in members]
        if paper:
            values.insert(0, _shown(paper, name) if name in dying.SAID else "–")
        rows.append({"name": fields()[name], "values": values, "differs": len(set(values) - {"–"}) > 1})
    if paper:
        died = [
            words.day(paper["died_on"]),
            *("–" if m["died_on"] is None else words.day(m["died_on"]) for m in members),
        ]
        rows.append({"name": _("Died on"), "values": died, "differs": False})
    rule = rules.chosen(queries.members_of(members)).key
    waiting = [row["case_no"] for row in queries.queue(office=found["office"], limit=LISTED)]
    place = waiting.index(number) if number in waiting else -1
    beams, height = waterfall(weights)
    history = [
        {**step, "says": steps()[step["step"]], "outcome": outcome_words(found["kind"], step["outcome"])}
        for step in found["steps"]
    ]
    return page(
        request, "case.html", found=found, kind=kinds()[found["kind"]], stands=states()[found["state"]],
        outcome=outcome_words(found["kind"], found["outcome"]), keys=keys, rows=rows, paper=paper,
        why=reason_words(found["reason"]) if paper else "",
        results=[{**row, "says": result_words().get(row["result"], row["result"])} for row in found["results"]],
        members=list(zip(keys, members, strict=True)),
        beams=beams, width=WIDTH, height=height, weight=sum(part["bits"] for part in weights), rule="/".join(rule),
        history=history,
        second=rule_words().get(_second(found), ""), acting=officer.chosen(request), outcomes=outcomes(),
        before=waiting[place - 1] if place > 0 else None,
        after=waiting[place + 1] if 0 <= place < len(waiting) - 1 else None,
        can_decide=found["state"] in (State.OPEN, State.ASKED), days=rules.ASK_DAYS,
        changed=any(member["changed"] for member in members), pattern=found["pattern"],
        group_address="/cases/group?" + urlencode({"kind": found["kind"], "pattern": found["pattern"]}),
        crumbs=[("/cases", _("Doubles"))],
    )  # fmt: skip


def _weights(paper: dict[str, Any] | None, keys: list[str]) -> list[dict[str, Any]]:
    """What each field adds: of two records, or of a paper about a death beside its likeliest record."""
    if paper:
        parts = dying.weights(paper, _key(keys[0]))
        return [{"field": part.field, "level": part.level, "bits": float(part.bits)} for part in parts]
    return queries.weights(_key(keys[0]), _key(keys[1])) if len(keys) == 2 else []


def result_words() -> dict[str, str]:
    """What an engine of fingerprints and irises says of a record."""
    return {
        "unique": _("unique"), "duplicate": _("recorded before"), "uncertain": _("perhaps recorded before"),
        "failed": _("no result"),
    }  # fmt: skip


def reason_words(code: str) -> str:
    """Why a paper about a death asks."""
    names = {
        "uncertain": _("what the paper says fits, but not surely"),
        "somebody_else": _("the NIK on the paper is another person's than the name"),
    }  # fmt: skip
    return names.get(code, code)


def _second(found: dict[str, Any]) -> str:
    members = queries.members_of(found["members"])
    stays = rules.chosen(members).key
    return rules.second_officer([m for m in members if m.key != stays and not m.closed])


def _shown(member: dict[str, Any], name: str) -> str:
    """A cell of the table, in the reader's words."""
    value = member.get(name)
    if name == "card":
        return f"{member['serial']} ({card_states().get(member['card_state'], '')})" if member["serial"] else "–"
    if name in ("birth_date", "recorded_on"):
        return str(words.day(value))
    if name == "regency":
        return str(words.area(value))
    if name == "status":
        return record_statuses().get(str(value), str(value))
    if name == "sex":
        return {"L": _("male"), "P": _("female")}.get(str(value), "–")
    if name == "marital_status":
        return marital().get(str(value), "–")
    return str(value) if value not in (None, "") else "–"


def card_states() -> dict[str, str]:
    return {
        "in_printer": _("in the printer"), "printed": _("printed"), "on_the_way": _("on its way"),
        "issued": _("handed over"),
    }  # fmt: skip


def waterfall(parts: list[dict[str, Any]]) -> tuple[list[Beam], float]:
    """What each field adds to a weight, each beam beginning where the one before ended. Pure."""
    said = [part for part in parts if abs(part["bits"]) >= 0.05]
    sums = [0.0]
    for part in said:
        sums.append(sums[-1] + part["bits"])
    low, high = min(sums), max(sums)
    scale = (WIDTH - LABELS - 90.0) / max(high - low, 1.0)
    beams = []
    for place, part in enumerate(said):
        start, end = sums[place], sums[place + 1]
        x = LABELS + (min(start, end) - low) * scale
        width = max(2.0, abs(part["bits"]) * scale)
        beams.append(
            Beam(
                fields().get(part["field"], part["field"].replace("_", " ")),
                level_words(part["level"]),
                words.rounded(part["bits"], 1),
                x,
                place * ROW,
                width,
                "f5" if part["bits"] > 0 else "f1",
                x + width + 6.0,
            )  # fmt: skip
        )
    return beams, ROW * len(said)


def level_words(level: str) -> str:
    """How much a field agrees, in the reader's words."""
    names = {
        "missing": _("missing"), "no word in common": _("no word in common"), "differs": _("differs"),
        "little in common, words differ": _("little in common, words differ"),
        "much in common, words differ": _("much in common, words differ"),
        "near, but known as other words": _("near, but known as other words"),
        "one lacks words of the other": _("one lacks words of the other"),
        "same but for spelling": _("same but for spelling"), "same words": _("same words"),
        "something in common": _("something in common"), "part, or spelling": _("part, or spelling"),
        "same year, one a default day": _("same year, one a default day"), "one part differs": _("one part differs"),
        "day and month swapped": _("day and month swapped"), "same": _("same"),
        "next serial of that day": _("next serial of that day"), "a slip in its date": _("a slip in its date"),
        "spelling": _("spelling"), "another regency": _("another regency"), "same regency": _("same regency"),
        "same district": _("same district"), "same village": _("same village"), "same address": _("same address"),
        "same family card": _("same family card"), "any two records": "", "relatives would agree as much": "",
    }  # fmt: skip
    return names.get(level, level)


@require_POST
@named_errors
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """``POST /cases/<number>``: ``do`` is settle, ask, sign, refuse, undo or undo-group."""
    by, reason, at = officer.required(request), request.POST.get("reason", ""), timezone.now()
    with acting(principal=by):
        match request.POST.get("do", ""):
            case "settle":
                outcome = Outcome(_one_of(request.POST.get("outcome", ""), set(Outcome)))
                chooses = outcome in (Outcome.SAME, Outcome.DIED)
                keep = [_key(text) for text in request.POST.getlist("keep") if text and chooses]
                parts: dict[str, list[Key]] = {}
                for name, value in request.POST.items():
                    if name.startswith("part:") and outcome is Outcome.PARTS:
                        parts.setdefault(value.strip(), []).append(_key(name.removeprefix("part:")))
                operations.settle(
                    case_no=number, outcome=outcome, keep=keep, parts=parts.values(), reason=reason, by=by, at=at
                )
            case "ask":
                operations.ask(case_no=number, reason=reason, by=by, at=at)
            case "sign":
                operations.sign(case_no=number, by=by, at=at, reason=reason or "signed")
            case "refuse":
                operations.refuse(case_no=number, reason=reason, by=by, at=at)
            case "undo":
                operations.undo(case_no=number, reason=reason, by=by, at=at)
            case "undo-group":
                operations.undo_group(
                    group_no=words.whole(request.POST.get("group", "")) or 0, reason=reason, by=by, at=at
                )
            case other:
                raise InvalidValue("{what} is nothing to do", mend="use a button of the page", what=repr(other))
    return HttpResponseRedirect(f"/cases/{number}")


@require_GET
@named_errors
def groups(request: HttpRequest) -> HttpResponse:
    """``/cases/groups?office=``: error patterns that several open cases share."""
    office = request.GET.get("office", "").strip()
    rows = [
        {**row, "says": pattern_words(row["pattern"]), "why": kinds()[row["kind"]]}
        for row in queries.groups(office=office)
    ]
    table = Table.of(
        request,
        name="groups",
        columns=[
            Column(
                "says", _("What differs"),
                href=lambda row: "/cases/group?"
                + urlencode({"kind": row["kind"], "pattern": row["pattern"], "office": office}),
            ),
            Column("why", _("Why")),
            Column("cases", _("Cases"), number=True),
        ],
        rows=rows,
    )  # fmt: skip
    crumbs = [("/cases", _("Doubles"))]
    return page(
        request, "cases_groups.html", table, count=sum(row["cases"] for row in rows), office=office, crumbs=crumbs
    )


@named_errors
def group(request: HttpRequest) -> HttpResponse:
    """``/cases/group?kind=&pattern=&office=``: every member with its differences; a POST settles those ticked."""
    given = request.POST if request.method == "POST" else request.GET
    kind = _one_of(given.get("kind", ""), set(Kind))
    pattern, office = given.get("pattern", ""), given.get("office", "").strip()
    if request.method == "POST":
        by = officer.required(request)
        outcome = _one_of(request.POST.get("outcome", ""), {"same", "different"})
        numbers = [int(text) for text in request.POST.getlist("case") if text.isdecimal()]
        with acting(principal=by):
            operations.settle_group(
                kind=kind, pattern=pattern, cases=numbers, outcome=outcome, office=office,
                reason=request.POST.get("reason", ""), by=by, at=timezone.now(),
            )  # fmt: skip
        return HttpResponseRedirect(f"/cases/{numbers[0]}")
    rows = []
    for row in queries.group(kind=kind, pattern=pattern, office=office):
        left, right = row["members"]
        differ = [
            {"name": fields()[name], "left": _shown(left, name), "right": _shown(right, name)}
            for name in FIELDS
            if _shown(left, name) != _shown(right, name)
        ]
        rows.append({**row, "name": left["name"], "differ": differ, "why": alone_words(row["alone"])})
    return page(
        request, "cases_group.html", rows=rows, kind=kind, why=kinds()[kind], pattern=pattern, office=office,
        says=pattern_words(pattern), free=sum(not row["alone"] for row in rows), acting=officer.chosen(request),
        crumbs=[("/cases", _("Doubles")), ("/cases/groups", _("Groups"))], most=rules.GROUP_MAX,
    )  # fmt: skip


@named_errors
def sheet(request: HttpRequest) -> HttpResponse:
    """``/cases/cases.xlsx``: the cases that wait, to be filled; a POST takes the filled sheet in."""
    if request.method != "POST":
        office, kind = request.GET.get("office", "").strip(), request.GET.get("kind", "").strip()
        answer = HttpResponse(sheets.export(office=office, kind=kind), content_type=XLSX)
        answer["Content-Disposition"] = 'attachment; filename="cases.xlsx"'
        return answer
    by = officer.required(request)
    given = request.FILES.get("file")
    if given is None:
        raise InvalidValue("no file was chosen", mend="choose the filled cases.xlsx")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(str(given.name)).name[:100]
        with path.open("wb") as copy:
            for chunk in given.chunks():
                copy.write(chunk)
        with acting(principal=by):
            taken = sheets.take(path, by=by, at=timezone.now())
    names = {
        "settled": _("settled"), "second": _("waiting for the second officer"), "asked": _("asked"),
        "unchanged": _("said before"), "undecided": _("without a decision"),
    }  # fmt: skip
    told = [(names[name], count) for name, count in asdict(taken).items()]
    return page(request, "cases_sheet.html", told=told, crumbs=[("/cases", _("Doubles"))])


def _one_of(text: str, known: set[Any]) -> str:
    if text not in known:
        raise InvalidValue(
            "{word} is none of {words}", mend="use one of the list", word=repr(text), words=", ".join(sorted(known))
        )
    return text


def _key(text: str) -> Key:
    office, _slash, record = text.partition("/")
    return office, record
