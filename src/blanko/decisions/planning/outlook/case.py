"""A case: everything that a run-out is computed from, with how it is known, read from TOML. Pure but for the file.

A case knows only what was known on its day. A number that became known later, a key that nobody reads, a share over 1
or a contract without a schedule is refused, with the line.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from blanko.engines.runout.draws import Stage
from blanko.kernel.errors import BlankoError

KINDS = ("observed", "estimated", "modelled", "synthetic")
TESTS = ("arrived", "cleared", "lasts", "printed")
KNOWN = frozenset({"kind", "known_on", "source", "note"})
NUMBER = KNOWN | {"value", "cv"}
SHARES = ("late_recorded_share", "returning_share", "passed_share", "spoilage", "collection", "deaths", "lost", "late")
SPEC: dict[str, frozenset[str]] = {
    "": frozenset({
        "title", "as_of", "weeks", "currency", "ask_before", "areas", "backlog", "stock", "demand", "checks",
        "printing", "spoilage", "collection", "delivery", "order", "reading", "promise", "contract", "later",
        "deaths", "receipts", "deadline",
    }),
    "areas": frozenset({"split", "weights"}),
    "backlog": frozenset({"print_ready", "awaiting", "not_recorded", "uncollected", "doubles"}),
    "stock": frozenset({"central", "offices"}),
    "demand": frozenset({"direct", "enrolled", "late_recorded_share", "returning_share", "held_back"}),
    "checks": frozenset({"a_week", "passed_share"}),
    "receipts": frozenset({"lost", "late"}),
    "printing": KNOWN | {
        "districts_a_printer", "cards_a_printer_day", "days_a_week", "availability", "repair_weeks",
        "operator_cards_a_district_week", "ribbon_cards_a_week", "ribbon_lot_weeks", "ribbon_lead_weeks",
    },
    "delivery": KNOWN | {"name", "quantity", "stages", "elapsed_days", "accepted", "lost_chance", "held_for",
                         "accepted_weight", "replaced_chance"},
    "order": KNOWN | {"unit_price", "box", "risk", "until", "accepted", "stages"},
    "stage": frozenset({"name", "step", "median_days", "sigma", "country"}),
    "reading": frozenset({"key", "title", "supply_a_year", "supply_from", "enrolled_more"}),
    "promise": frozenset({"text", "date", "test", "at_least", "already", "below", "of"}),
    "contract": KNOWN | {"name", "ends", "successor"},
    "deadline": KNOWN | {"name", "date", "areas", "release"},
    "later": frozenset({"text", "date", "value", "test", "source", "why"}),
}  # fmt: skip
AREAS_MAX = 5_000
# A plan that needs more is none: what a stranger sends must not keep the machine busy for an hour.
BYTES_MAX = 1_000_000
ITEMS_MAX = 100
READINGS_MAX = 8
# What a key's value must be, wherever it stands. A number is finite, a part of another table a list of tables.
TYPES: dict[str, str] = {
    **dict.fromkeys(("as_of", "known_on", "until", "supply_from", "date", "ends"), "day"),
    **dict.fromkeys(("title", "currency", "kind", "source", "note", "name", "country", "key", "text", "test", "why",
                     "held_for", "area", "split"), "text"),
    **dict.fromkeys(("weeks", "box", "unit_price", "step"), "whole number"),
    **dict.fromkeys(("cv", "elapsed_days", "median_days", "sigma", "supply_a_year", "enrolled_more", "at_least",
                     "already", "below", "risk", "quantity", "release", "accepted_weight"), "number from 0 up"),
    **dict.fromkeys(("accepted", "lost_chance", "replaced_chance"), "share between 0 and 1"),
    **dict.fromkeys(("stages", "delivery", "reading", "promise", "contract", "later", "deadline"), "list of tables"),
    "ask_before": "list of days", "of": "list of texts", "successor": "yes or no (true, false)",
}  # fmt: skip
NEEDED: dict[str, tuple[str, ...]] = {
    "stage": ("name", "step", "median_days", "sigma"), "reading": ("key", "title"),
    "promise": ("text", "date", "test"), "contract": ("name", "ends"),
    "deadline": ("name", "date", "areas"),
    "later": ("text", "date", "value", "test", "source"),
}  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_day(value: object) -> bool:
    # TOML's times are days too for Python, and cannot be compared with days.
    return type(value) is date


_FITS: dict[str, Callable[[Any], bool]] = {
    "day": _is_day,
    "text": lambda value: isinstance(value, str),
    "whole number": lambda value: type(value) is int and abs(value) < 10**15,
    "number from 0 up": lambda value: _is_number(value) and value >= 0,
    "share between 0 and 1": lambda value: _is_number(value) and 0 <= value <= 1,
    "list of tables": lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
    "list of days": lambda value: isinstance(value, list) and all(map(_is_day, value)),
    "list of texts": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "yes or no (true, false)": lambda value: isinstance(value, bool),
}


class BadCase(BlankoError, ValueError):
    """A case cannot be read as one; the message says which line or key."""


class UnknownCase(BlankoError, LookupError):
    """There is no case of this name."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number and how it is known. ``cv`` is its coefficient of variation, 0 for what is counted."""

    value: float
    cv: float = 0.0
    kind: str = "estimated"
    known_on: date | None = None
    source: str = ""
    note: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    name: str
    quantity: float
    stages: tuple[Stage, ...]
    elapsed_days: float
    accepted: float
    lost_chance: float
    held_for: str
    accepted_weight: float = 200.0
    replaced_chance: float = 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """What a further order costs and takes."""

    unit_price: int
    box: int
    risk: float
    until: date
    accepted: float
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of what was promised: more supply, more need."""

    key: str
    title: str
    supply_a_year: float = 0.0
    supply_from: date | None = None
    enrolled_more: float = 0.0


@dataclass(frozen=True, slots=True)
class Promise:
    text: str
    date: date
    test: str
    at_least: float = 0.0
    already: float = 0.0
    below: float = 0.0
    of: tuple[str, ...] = ("print_ready", "awaiting")


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that something else hangs on, such as the maintenance of the servers."""

    name: str
    ends: date
    successor: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Areas that have to be served by a day. ``release`` blanks of a stage go to them before others; 0: only asked."""

    name: str
    date: date
    areas: tuple[str, ...]
    release: float = 0.0


@dataclass(frozen=True, slots=True)
class Later:
    """What happened after the case's day. Only a backtest reads it."""

    text: str
    date: date
    value: float
    test: str
    source: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Printing:
    districts_a_printer: float
    cards_a_printer_day: float
    days_a_week: float
    availability: float
    repair_weeks: float
    operator_cards_a_district_week: float = float("inf")
    ribbon_cards_a_week: float = float("inf")
    # An office buys what it uses in so many weeks at once (0: ribbon comes week by week), and waits so long for it.
    ribbon_lot_weeks: float = 0.0
    ribbon_lead_weeks: float = 3.0


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    as_of: date
    weeks: int
    currency: str
    ask_before: tuple[date, ...]
    weights: Mapping[str, float] | None
    backlog: Mapping[str, Number]
    stock: Mapping[str, Number]
    demand: Mapping[str, Number]
    checks: Mapping[str, Number]
    printing: Printing
    spoilage: Number
    collection: Number
    deliveries: tuple[Delivery, ...]
    order: Order
    readings: tuple[Reading, ...]
    promises: tuple[Promise, ...]
    contracts: tuple[Contract, ...] = ()
    # Of those owed a card, the share that dies in a year; of blanks sent to offices, the shares lost and late.
    deaths: Number = Number(0.0)
    receipts: Mapping[str, Number] = field(default_factory=dict)
    deadlines: tuple[Deadline, ...] = ()
    # What is known of each area itself, by name and code; the rest is split by weight.
    local: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    later: tuple[Later, ...] = field(default=(), compare=False)


def built_in() -> tuple[str, ...]:
    """The names of the cases that come with the release."""
    return tuple(sorted(item.name.removesuffix(".toml") for item in (files(__package__) / "cases").iterdir()))


def load(name: str) -> Case:
    """A built-in case by its name, or a TOML file by its path. Raises UnknownCase, BadCase."""
    if name in built_in():
        return parse((files(__package__) / "cases" / f"{name}.toml").read_text(encoding="utf-8"))
    path = Path(name)
    if not path.is_file():
        raise UnknownCase(
            "there is no case {name}", mend="name one of {cases}, or a TOML file", name=name,
            cases=", ".join(built_in()),
        )  # fmt: skip
    try:
        with path.open("rb") as file:
            body = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise UnknownCase("{name} cannot be read", mend="choose a file that can be read", name=name) from error
    return parse(read(body, name=name))


def read(body: bytes, *, name: str) -> str:
    """The text of a case that somebody sent under a name. Raises BadCase when it is too long or not UTF-8."""
    if len(body) > BYTES_MAX:
        raise BadCase("a case of more than {most} bytes", mend="send what a plan needs", most=BYTES_MAX)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadCase("{name} is not UTF-8", mend="save it as UTF-8", name=name) from None


def parse(text: str) -> Case:
    """A case from TOML. Raises BadCase with the line."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadCase("this is no TOML: {error}", mend="mend it there", error=error) from None
    except (RecursionError, ValueError):
        # Brackets in brackets without end, or a number of thousands of digits.
        raise BadCase("this is no case: it is nested too deep, or a number is too long", mend="write a plan") from None
    return _Reader(text, given).case()


class _Reader:
    """Reads one file, and knows where a key stands in it."""

    def __init__(self, text: str, given: dict[str, Any]) -> None:
        self.lines, self.given = text.splitlines(), given
        self.as_of = date.min

    def refuse(self, key: str, message: str, mend: str, *, held: object = None, **values: object) -> BadCase:
        """The refusal with the line: that of the key which holds ``held``, else the first on which the key stands."""
        stands = re.compile(rf"(^|[\[{{.,\s\"]){re.escape(key)}\s*[\]=.\"]")
        lines = [number for number, line in enumerate(self.lines, 1) if stands.search(line)]
        line = next((number for number in lines if held is not None and self._holds(number, key, held)), 0)
        line = line or next(iter(lines), 0)
        refusal = BadCase(message, mend=mend, key=key, **values)
        if not line:
            return refusal
        # The sentence stays a template of its own, so that a door can say it in the reader's language.
        return BadCase("line {line}: {refusal}", mend=mend, **{**refusal.values, "line": line, "refusal": refusal})

    def _holds(self, number: int, key: str, held: object) -> bool:
        """Whether a line by itself says that the key holds this; a table that goes over lines says nothing."""
        try:
            found: Any = tomllib.loads(self.lines[number - 1].strip())
        except tomllib.TOMLDecodeError:
            return False
        waiting = [found]
        while waiting:
            item = waiting.pop()
            if isinstance(item, dict):
                if key in item and type(item[key]) is type(held) and item[key] == held:
                    return True
                waiting += item.values()
            elif isinstance(item, list):
                waiting += item
        return False

    def case(self) -> Case:
        given = self._table("", self.given)
        self.as_of = self._need(given, "as_of", date)
        weeks = self._need(given, "weeks", int)
        if not 1 <= weeks <= 520:
            raise self.refuse("weeks", "a case of {weeks} weeks", "plan between 1 and 520 weeks", weeks=weeks)
        areas = self._table("areas", given.get("areas", {"split": "population"}))
        weights = areas.get("weights")
        if weights is None and areas.get("split") != "population":
            raise self.refuse("areas", "{key} says neither how to split nor weights", 'write split = "population"')
        if weights is not None and not (
            isinstance(weights, dict)
            and all(_is_number(w) and w >= 0 for w in weights.values())
            and any(weights.values())
            and len(weights) <= AREAS_MAX
        ):
            raise self.refuse(
                "weights",
                "{key} holds what is no weight",
                "give each of at most 5,000 areas a number from 0 up, one of them above 0",
            )
        return Case(
            title=self._need(given, "title", str), as_of=self.as_of, weeks=weeks,
            currency=str(given.get("currency", "")), ask_before=tuple(given.get("ask_before", ())), weights=weights,
            backlog=self._numbers("backlog"), stock=self._numbers("stock"), demand=self._numbers("demand"),
            checks=self._numbers("checks"), printing=self._printing(), spoilage=self._number("spoilage", given),
            collection=self._number("collection", given),
            deliveries=tuple(self._delivery(item) for item in given.get("delivery", ())), order=self._order(),
            readings=tuple(Reading(**self._table("reading", item)) for item in given.get("reading", ())) or (
                Reading("as planned", "as planned"),),
            promises=tuple(self._promise(item) for item in given.get("promise", ())),
            contracts=tuple(
                Contract(item["name"], item["ends"], bool(item.get("successor")), str(item.get("note", "")))
                for item in (self._table("contract", item) for item in given.get("contract", ()))
            ),
            deaths=self._number("deaths", given) if "deaths" in given else Number(0.0),
            receipts={key: self._number(key, known) for key in known}
            if (known := self._table("receipts", given.get("receipts", {}))) else {},
            deadlines=tuple(self._deadline(item) for item in given.get("deadline", ())),
            later=tuple(Later(**self._table("later", item)) for item in given.get("later", ())),
        )  # fmt: skip

    def _table(self, name: str, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise self.refuse(name, "{key} is no table", "write it as [{key}]")
        for key in given:
            if key not in SPEC.get(name, NUMBER):
                near = ", ".join(sorted(SPEC.get(name, NUMBER)))
                raise self.refuse(key, "nobody reads the key {key}", "use one of {near}", near=near)
            kind = TYPES.get(key, "")
            if kind and not _FITS[kind](given[key]):
                raise self.refuse(
                    key, "{key} is {value}", "write a {kind}", held=given[key], value=repr(given[key])[:200], kind=kind
                )
            most = READINGS_MAX if key == "reading" else ITEMS_MAX
            if isinstance(given[key], list) and len(given[key]) > most:
                raise self.refuse(
                    key, "{key} has {count} parts", "write at most {most}", count=len(given[key]), most=most
                )
        for key in NEEDED.get(name, ()):
            if key not in given:
                raise self.refuse(name, "a {table} has no {missing}", "add it", table=name, missing=key)
        if (known := given.get("known_on")) is not None and known > self.as_of:
            raise self.refuse(
                "known_on", "{what} became known on {known}, after {as_of}", "leave it out, or move the case's day",
                held=known, what=given.get("name", name), known=known, as_of=self.as_of,
            )  # fmt: skip
        if (called := given.get("kind")) is not None and called not in KINDS:
            raise self.refuse(
                "kind", "{kind} is no kind of figure", "use one of {kinds}", kind=called, kinds=", ".join(KINDS)
            )
        return given

    def _need(self, given: dict[str, Any], key: str, kind: type) -> Any:
        if key not in given:
            raise self.refuse(key, "{key} is missing", "add it")
        value = given[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.refuse(key, "{key} is {value}", "write a {kind}", value=repr(value), kind=kind.__name__)
        return value

    def _numbers(self, section: str) -> dict[str, Number]:
        given = self._table(section, self.given.get(section, {}))
        return {key: self._number(key, given) for key in sorted(SPEC[section]) if key in given or key != "offices"}

    def _number(self, key: str, given: dict[str, Any]) -> Number:
        if key not in given:
            raise self.refuse(key, "{key} is missing", "add it, as an estimate if nothing is known")
        item = given[key]
        allowed = NUMBER | {"area"} if key == "offices" else NUMBER
        if not isinstance(item, dict):
            raise self.refuse(key, "{key} is no table", "write it as [...{key}] with value, kind and known_on")
        for name in item:
            if name not in allowed:
                raise self.refuse(
                    name, "nobody reads the key {key}", "use one of {near}", near=", ".join(sorted(allowed))
                )
        self._table("number", {name: value for name, value in item.items() if name in NUMBER})
        value: Any = item.get("value")
        if not _is_number(value) or value < 0:
            raise self.refuse(key, "{key} is {value}", "give a number from 0 up", value=value)
        if key in SHARES and value > 1:
            raise self.refuse(key, "{key} is {value}", "give a share between 0 and 1", value=value)
        return Number(
            float(value), float(item.get("cv", 0.0)), str(item.get("kind", "estimated")), item.get("known_on"),
            str(item.get("source", "")), str(item.get("note", "")), str(item.get("area", "")),
        )  # fmt: skip

    def _printing(self) -> Printing:
        given = self._table("printing", self.given.get("printing", {}))
        numbers = {key: given[key] for key in Printing.__dataclass_fields__ if key in given}
        for key, value in numbers.items():
            known = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
            if not known or value < 0 or (key == "availability" and value > 1):
                raise self.refuse(
                    key, "{key} is {value}", "give a number from 0 up, an availability up to 1", value=value
                )
        for key in ("districts_a_printer", "cards_a_printer_day", "days_a_week", "availability", "repair_weeks"):
            if key not in numbers:
                raise self.refuse("printing", "printing says nothing of {missing}", "add it", missing=key)
        return Printing(**numbers)

    def _stages(self, owner: str, given: Any) -> tuple[Stage, ...]:
        if not given:
            raise self.refuse(owner, "{owner} has no schedule", "give its stages with median_days", owner=owner)
        stages = []
        for item in given:
            item = self._table("stage", item)
            if item.get("median_days", -1) < 0 or item.get("sigma", -1) < 0:
                raise self.refuse("stages", "a stage of {owner} has no days", "give median_days and sigma", owner=owner)
            stages.append(
                Stage(
                    item["name"],
                    int(item["step"]),
                    float(item["median_days"]),
                    float(item["sigma"]),
                    item.get("country", ""),
                )
            )
        return tuple(stages)

    def _delivery(self, given: Any) -> Delivery:
        item = self._table("delivery", given)
        name = self._need(item, "name", str)
        quantity = item.get("quantity", 0)
        if not isinstance(quantity, int | float) or quantity <= 0:
            raise self.refuse(name, "the delivery {name} has no quantity", "give a number above 0", name=name)
        return Delivery(
            name, float(quantity), self._stages(name, item.get("stages")), float(item.get("elapsed_days", 0)),
            float(item.get("accepted", 0.99)), float(item.get("lost_chance", 0)), str(item.get("held_for", "")),
            float(item.get("accepted_weight", 200)), float(item.get("replaced_chance", 0)),
        )  # fmt: skip

    def _order(self) -> Order:
        item = self._table("order", self.given.get("order", {}))
        until = self._need(item, "until", date)
        if until <= self.as_of:
            raise self.refuse(
                "until", "an order until {until} looks back", "give a day after {as_of}", until=until, as_of=self.as_of
            )
        risk = item.get("risk", 0.1)
        if not 0 < risk < 1:
            raise self.refuse("risk", "a risk of {risk}", "give a share between 0 and 1", risk=risk)
        return Order(
            self._need(item, "unit_price", int), int(item.get("box", 1)), float(risk), until,
            float(item.get("accepted", 0.99)), self._stages("order", item.get("stages")),
        )  # fmt: skip

    def _deadline(self, given: Any) -> Deadline:
        item = self._table("deadline", given)
        name, day, areas = self._need(item, "name", str), self._need(item, "date", date), item["areas"]
        if day < self.as_of:
            raise self.refuse(
                "date", "the deadline {name} of {day} lies before {as_of}", "give a later day", held=day, name=name,
                day=day, as_of=self.as_of,
            )  # fmt: skip
        if not (isinstance(areas, list) and areas and all(isinstance(code, str) for code in areas)):
            raise self.refuse("areas", "the deadline {name} names no areas", "give a list of codes", name=name)
        return Deadline(name, day, tuple(areas), float(item.get("release", 0)))

    def _promise(self, given: Any) -> Promise:
        item = dict(self._table("promise", given))
        if item.get("test") not in TESTS:
            raise self.refuse(
                "test", "{test} tests no promise", "use one of {tests}", test=item.get("test"), tests=", ".join(TESTS)
            )
        if self._need(item, "date", date) < self.as_of:
            raise self.refuse(
                "date",
                "the promise for {day} lies before {as_of}",
                "give a later day",
                day=item["date"],
                as_of=self.as_of,
            )
        item["of"] = tuple(item.get("of", ("print_ready", "awaiting")))
        return Promise(**item)
