"""Samples that prove by few counted boxes that an office's loss is below a limit."""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from blanko.cards.counting import queries as counts
from blanko.cards.counting import samples as sampled
from blanko.cards.counting.rules import Status
from blanko.cards.counting.samples import Standing
from blanko.cards.counting.sampling import State
from blanko.cards.custody.rules import Key
from blanko.doors.web import officer, words
from blanko.doors.web.forms import Field, Form, done_once
from blanko.doors.web.pages.counting import statuses
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.places import gazetteer
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import BlankoError

SHOWN = 100
# The picture of the proof, in SVG units.
WIDTH, HEIGHT = 1000.0, 160.0


def state_names() -> dict[str, str]:
    """Where a sample's claim stands, in the reader's words."""
    return {"undecided": _("not yet decided"), "proven": _("proven"), "refuted": _("refuted")}


def draw_form() -> Form:
    return Form(
        "draw", "/custody/samples", _("Draw a sample"), _("Draw the boxes"), [
            Field("office", _("Office"), "choice",
                  choices=[(known.code, words.area(known.code)) for known in gazetteer.offices()]),
            Field("loss", _("Claim: less than this share is missing"), value="0.005"),
            Field("risk", _("How often a wrong claim may be called proven"), value="0.05"),
            Field("seed", _("Dice"), hint=_("Throw them before witnesses after you chose the office; 20 throws are "
                                            "enough, written as 3 1 6 2 ...")),
        ],
        _("What the book has at the office now is frozen. The dice decide the order of the boxes, so that nobody can."),
    )  # fmt: skip


def count_form(name: str) -> Form:
    return Form(
        "count", "/custody/samples", _("Count these boxes"), _("Begin a blind count of them"),
        [Field("sample", _("Sample"), "choice", choices=[(name, name)], value=name)],
        _("A count of exactly these boxes begins; another person counts a difference again and a third decides."),
    )  # fmt: skip


def take_form(name: str, ended: list[str]) -> Form:
    return Form(
        "take", "/custody/samples", _("Take the result of a count"), _("Take it"), [
            Field("sample", _("Sample"), "choice", choices=[(name, name)], value=name),
            Field("count", _("Count"), "choice", choices=[(count, count) for count in ended]),
        ],
    )  # fmt: skip


def result_form(name: str) -> Form:
    return Form(
        "result", "/custody/samples", _("Enter what was counted on paper"), _("Enter it"), [
            Field("sample", _("Sample"), "choice", choices=[(name, name)], value=name),
            Field("found", _("Boxes and what they lack"), "long",
                  _("One box a line, and how many blanks are missing from it: PB17-000042 0. Boxes count in the order "
                    "in which they were drawn.")),
        ],
        _("What was handed in stands and is not changed."),
    )  # fmt: skip


FIELDS = {
    "draw": {"sample_refused": "seed", "invalid_value": "office"},
    "result": {"sample_refused": "found", "invalid_value": "found", "invalid_box_id": "found"},
    "take": {"sample_refused": "count"},
    "count": {},
}  # fmt: skip


def _share(form: Form, name: str) -> Fraction | None:
    """A share typed with a point or a comma; its field says when it is none."""
    field = form.named(name)
    try:
        return Fraction(str(field.value).replace(",", "."))
    except (ValueError, ZeroDivisionError):
        field.refuse(_("this is no share"), _("write for example 0.05"))
        return None


def _found(form: Form) -> dict[BoxId, int] | None:
    """Lines of a box and its missing blanks; the field says which line is none."""
    field, found = form.named("found"), {}
    for number, line in enumerate(str(field.value).splitlines(), start=1):
        parts = line.replace("=", " ").split()
        if not parts:
            continue
        try:
            box, lacks = parts
            found[BoxId.parse(box)] = int(lacks)
        except (BlankoError, ValueError):
            field.refuse(
                _("line %(n)s cannot be read: %(line)s") % {"n": number, "line": line.strip()[:60]},
                _("write a box and a number, as in PB17-000042 0"),
            )  # fmt: skip
            return None
    return found


def _address(name: str) -> str:
    return f"/custody/samples?{urlencode({'sample': name})}"


@require_http_methods(["GET", "POST"])
@named_errors
def samples(request: HttpRequest) -> HttpResponse:
    """``/custody/samples?sample=``: draw, count, enter what was found, and how far the proof is."""
    name = (request.POST if request.method == "POST" else request.GET).get("sample", "")
    found = sampled.standing(name) if name else None
    forms = _forms(found)
    status = 200
    if request.method == "POST" and (form := forms.get(request.POST.get("form", ""))) is not None:
        given, status = form.read(request), 422
        if given is not None:
            try:
                if (answer := _step(request, form, given)) is not None:
                    return answer
            except BlankoError as error:
                form.refuse(error, FIELDS[form.name])
    answer = _one(request, found, forms) if found else _list(request, forms)
    answer.status_code = answer.status_code if status == 200 else status
    return answer


def _forms(found: Standing | None) -> dict[str, Form]:
    """What can be done now."""
    if found is None:
        return {"draw": draw_form()}
    if found.judgement.state is not State.UNDECIDED:
        return {}
    forms = {}
    if found.next:
        forms["count"] = count_form(found.sample)
    if ended := [row["count"] for row in _counts(found) if row["status"] in (Status.MATCHED, Status.CORRECTED)]:
        forms["take"] = take_form(found.sample, ended)
    return {**forms, "result": result_form(found.sample)}


def _counts(found: Standing) -> list[dict[str, Any]]:
    return [row for row in counts.counts(office=found.office) if row["sample"] == found.sample]


def _step(request: HttpRequest, form: Form, given: dict[str, Any]) -> HttpResponse | None:
    """Do what the form asks, or None while a field is wrong."""
    at = timezone.now()
    key = Key("web", int(at.timestamp() * 1_000_000))
    if form.name == "draw":
        loss, risk = _share(form, "loss"), _share(form, "risk")
        if loss is None or risk is None:
            return None
        claim = {"office": given["office"], "seed": given["seed"], "loss": loss, "risk": risk}
        return done_once(request, lambda by: _address(sampled.begin(**claim, key=key, by=by, at=at).sample))
    name = given["sample"]
    if form.name == "count":

        def begin(by: str) -> str:
            count = sampled.count_next(sample=name, reason=_("sample %(name)s") % {"name": name}, key=key, by=by, at=at)
            return f"/custody/counts?{urlencode({'count': count})}"

        return done_once(request, begin)
    if form.name == "take":
        return done_once(
            request, lambda by: _address(sampled.take_count(sample=name, count=given["count"], by=by, at=at).sample)
        )
    missing = _found(form)
    if missing is None:
        return None
    return done_once(
        request, lambda by: _address(sampled.take_results(sample=name, missing=missing, by=by, at=at).sample)
    )


def _list(request: HttpRequest, forms: dict[str, Form]) -> HttpResponse:
    names = state_names()
    table = Table.of(
        request, name="samples", rows=[{**row, "says": names[row["state"]]} for row in sampled.samples(limit=SHOWN)],
        columns=[
            Column("sample", _("Sample"), href=lambda row: _address(row["sample"])),
            Column("office", _("Office"), form=words.area), Column("at", _("Begun"), form=words.moment),
            Column("says", _("State")), Column("boxes", _("Boxes"), number=True),
            Column("counted", _("Counted"), number=True), Column("more", _("Still to count"), number=True),
            Column("missing", _("Missing"), number=True), Column("by", _("By")),
        ],
    )  # fmt: skip
    return page(
        request, "samples.html", table, found=None, forms=list(forms.values()), acting=officer.chosen(request),
        crumbs=[("/custody", _("Custody"))],
    )  # fmt: skip


def _one(request: HttpRequest, found: Standing, forms: dict[str, Form]) -> HttpResponse:
    names = statuses()
    table = Table.of(
        request, name="samples",
        rows=[{**row, "says": names[row["status"]]} for row in _counts(found)],
        columns=[
            Column("count", _("Count"), href=lambda row: f"/custody/counts?{urlencode({'count': row['count']})}"),
            Column("at", _("Begun"), form=words.moment), Column("says", _("State")),
        ],
    )  # fmt: skip
    judged = found.judgement
    return page(
        request, "samples.html", table, found=found, forms=list(forms.values()), acting=officer.chosen(request),
        says=state_names()[judged.state], undecided=judged.state is State.UNDECIDED,
        proven=judged.state is State.PROVEN, loss=float(found.loss), risk=float(found.risk), next=found.next[:SHOWN],
        more=max(0, len(found.next) - SHOWN), line=course_line(sampled.course(found.sample), float(found.risk)),
        crumbs=[("/custody", _("Custody")), ("/custody/samples", _("Samples"))],
    )  # fmt: skip


def course_line(course: list[float], limit: float) -> dict[str, Any] | None:
    """The smallest risk at which the claim is proven after each box, as a line from 1 down to the limit. Pure."""
    if not course:
        return None
    step = WIDTH / len(course)
    points = " ".join(f"{step * place:.1f},{HEIGHT * (1 - risk):.1f}" for place, risk in enumerate([1.0, *course]))
    return {"points": points, "limit": round(HEIGHT * (1 - limit), 1), "boxes": len(course), "last": course[-1]}
