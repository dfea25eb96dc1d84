"""Forms of the pages: fields with their hints, what was typed, and each refusal beside the field that it is about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blanko.doors.said import in_readers_words
from blanko.doors.web import officer
from blanko.ground.access import once
from blanko.ground.access.acting import acting
from blanko.kernel.errors import BlankoError

Kind = Literal["text", "long", "number", "day", "choice", "tick", "ticks", "file", "code"]


@dataclass(slots=True)
class Field:
    """One field. ``choices``: value and words; ``value``: what stands in it before anybody types."""

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    required: bool = True
    choices: list[tuple[str, str]] = field(default_factory=list)
    value: Any = ""
    low: int = 0
    wrong: str = ""
    mend: str = ""

    @property
    def shown(self) -> str:
        """The value as a form holds it."""
        if isinstance(self.value, date):
            return self.value.isoformat()
        return "" if self.value is None else str(self.value)

    def read(self, request: HttpRequest) -> Any:
        """What was typed, as its kind's value. Sets ``wrong`` for what it cannot be."""
        if self.kind == "ticks":
            self.value = [one for one in request.POST.getlist(self.name) if one in dict(self.choices)]
            return self.value
        if self.kind == "tick":
            self.value = self.name in request.POST
            return self.value
        if self.kind == "file":
            given = request.FILES.get(self.name)
            if given is None and self.required:
                self.refuse(_("no file was chosen"), _("choose a CSV, XLSX or Parquet file"))
            return given
        text = request.POST.get(self.name, "").strip()
        self.value = text
        if not text:
            if self.required:
                self.refuse(_("this is empty"), _("fill it"))
            return None if self.kind in ("number", "day") else ""
        if self.kind == "number":
            return self._number(text)
        if self.kind == "day":
            try:
                return date.fromisoformat(text)
            except ValueError:
                self.refuse(_("this is no day"), _("write it as 2017-04-19"))
                return None
        if self.kind == "choice" and text not in dict(self.choices):
            self.refuse(_("this is none of the list"), _("choose one of the list"))
        return text

    def _number(self, text: str) -> int | None:
        plain = text.replace(".", "").replace(",", "").replace(" ", "")
        if not plain.removeprefix("-").isdecimal() or len(plain) > 15:
            self.refuse(_("this is no whole number"), _("write digits only"))
            return None
        if int(plain) < self.low:
            self.refuse(_("this is too small"), _("give a whole number from %(low)s up") % {"low": self.low})
            return None
        return int(plain)

    def refuse(self, wrong: str, mend: str = "") -> None:
        self.wrong, self.mend = wrong, mend


@dataclass(slots=True)
class Form:
    """``says``: its heading; ``follows``: what it does and what cannot be undone; ``refused`` stands above it all."""

    name: str
    action: str
    says: str
    submit: str
    fields: list[Field] = field(default_factory=list)
    follows: str = ""
    second: tuple[str, str] | None = None
    refused: str = ""
    mend: str = ""
    once: str = field(default_factory=lambda: str(uuid4()))
    is_open: bool = False

    def named(self, name: str) -> Field:
        return next(one for one in self.fields if one.name == name)

    @property
    def has_file(self) -> bool:
        return any(one.kind == "file" for one in self.fields)

    @property
    def wrong(self) -> list[Field]:
        return [one for one in self.fields if one.wrong]

    def read(self, request: HttpRequest) -> dict[str, Any] | None:
        """The values of all fields, or None while one of them is wrong."""
        values = {one.name: one.read(request) for one in self.fields}
        self.once = request.POST.get("once") or self.once
        self.is_open = True
        return None if self.wrong else values

    def refuse(self, error: BlankoError, fields: Mapping[str, str]) -> None:
        """Put a refusal beside its field: ``fields`` names the field of an error's code; else above the form."""
        says, mend = in_readers_words(error)
        own = fields.get(error.code)
        if own is not None and any(one.name == own for one in self.fields):
            self.named(own).refuse(says, mend)
        else:
            self.refused, self.mend = says, mend
        # A new attempt is a new request: the refused one did nothing.
        self.once = str(uuid4())
        self.is_open = True


def done_once(request: HttpRequest, act: Callable[[str], str]) -> HttpResponse:
    """Do something in the name of who was chosen, in one transaction, and go on to the address that it returns.

    The same form sent twice acts once. Raises NobodyActs and what ``act`` refuses; then nothing was done.
    """
    by = officer.required(request)
    key = request.POST.get("once", "")
    with acting(principal=by):
        if not key:
            return HttpResponseRedirect(act(by))
        key = f"web:{key}"[:128]
        asked = _fingerprint(request, by)
        if (before := once.find(key=key, fingerprint=asked)) is not None:
            return HttpResponseRedirect(before.body)
        where = act(by)
        once.keep(key=key, fingerprint=asked, status=302, body=where, at=timezone.now())
    return HttpResponseRedirect(where)


def _fingerprint(request: HttpRequest, by: str) -> str:
    parts = [by, request.path]
    for name in sorted(request.POST):
        if name != "csrfmiddlewaretoken":
            parts += [name, *request.POST.getlist(name)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def done_words() -> dict[str, str]:
    """What was done last, for the page that follows a form."""
    return {
        "draft": _("Drafted. Another officer reviews it before anything leaves."),
        "review": _("Reviewed and approved. It can be committed now."),
        "return": _("Returned to its author."),
        "override": _("The share was changed; the share by rule stays visible."),
        "commit": _("Committed: the boxes are on their way, and their papers are in the dispatch list."),
        "discard": _("Set aside. Nothing has moved."),
        "object": _("The objection is published with the round."),
        "defer": _("Put off. The office keeps its claim."),
        "collect": _("The collection is announced."),
        "adopt": _("The rule is adopted; rounds of earlier days keep theirs."),
        "sheet": _("The list was taken in."),
        "list": _("The list was taken in whole."),
        "notices": _("The portal's list was taken in; rows that were refused stay out until they are mended."),
        "hold": _("Held: nothing of it can be destroyed until two officers end the hold."),
        "lift": _("The hold has ended; it stays visible."),
        "order": _("The order is published; it holds from its day on."),
        "amend": _("The addendum is registered; the versions before it stay visible."),
    }
