"""Draw the boxes whose count proves a claim about an office's loss, take what was found, and say what follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import connection
from django.db.transaction import atomic

from blanko.cards.counting import operations, queries, rules, sampling
from blanko.cards.counting.models import LossSample, LossSampleResult, OfficeCount
from blanko.cards.counting.rules import LOOKS, Status
from blanko.cards.counting.sampling import Drawn, Judgement, SampleRefused, State
from blanko.cards.custody.rules import Key
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.places import gazetteer
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import BlankoError, InvalidValue

LOCK_SPACE = 0x5A4


class UnknownSample(BlankoError, LookupError):
    """No sample has this name."""


class SampleNameTaken(BlankoError):
    """The key (device, sequence) named another sample before."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A sample's claim, where it stands, and the boxes to count next (all that suffice when none of them is short)."""

    sample: str
    office: str
    seed: str
    risk: Fraction
    loss: Fraction
    boxes: int
    blanks: int
    judgement: Judgement
    next: tuple[BoxId, ...]

    def as_json(self) -> dict[str, Any]:
        # Whoever still counts is told which boxes, and not what should lie in them.
        blanks = None if self.judgement.state is State.UNDECIDED else self.blanks
        return {
            "sample": self.sample, "office": self.office, "seed": self.seed, "risk": str(self.risk),
            "loss": str(self.loss), "boxes": self.boxes, "blanks": blanks, "state": str(self.judgement.state),
            "counted": self.judgement.counted, "missing": self.judgement.missing, "proven_at": self.judgement.risk,
            "more": self.judgement.more, "next": [str(box) for box in self.next],
        }  # fmt: skip


def begin(
    *, office: str, seed: str, risk: Fraction, loss: Fraction, key: Key, by: str, at: datetime
) -> Standing:  # fmt: skip
    """Freeze an office's boxes and draw their order. The seed comes from dice that were thrown in public.

    Raises InvalidValue, SampleRefused (no seed, nothing to count), SampleNameTaken.
    """
    if office not in {known.code for known in gazetteer.offices()}:
        raise InvalidValue("{office} is no office", mend="write 00, two digits or four digits", office=repr(office))
    sampling.check_claim(seed=seed, risk=risk, loss=loss)
    name = Key(*key).movement
    claim = {"office": office, "seed": seed, "risk": str(risk), "loss": str(loss)}
    with atomic():
        _alone(name)
        before = LossSample.objects.filter(pk=name).values(*claim).first()
        if before is not None:
            if before != claim:
                raise SampleNameTaken("{name} was another sample", mend="give a new sequence", name=name)
            return standing(name)
        boxes = _population(office)
        if not boxes:
            raise SampleRefused("office {office} holds no blank", mend="there is nothing to count", office=office)
        row: dict[str, Any] = {
            "sample": name, **claim, "regency": office if len(office) == 4 else "",
            "boxes": [list(box) for box in boxes], "blanks": sum(box.size for box in boxes), "by": by, "at": at,
        }  # fmt: skip
        event = audit.record(
            operation="counting.sample", by=by, at=at, facts=Facts.of({"counting_sample": [row]}),
            subject={"sample": name, "office": office, "boxes": len(boxes)},
        )  # fmt: skip
        LossSample.objects.create(event_id=event, **row)
        return standing(name)


def _population(office: str) -> list[Drawn]:
    """The boxes of an office with the blanks that should lie in them."""
    held: dict[tuple[str, int], int] = defaultdict(int)
    for place in queries.at_office(office):
        if place.state in LOOKS:
            held[place.series, place.box_no] += place.last - place.first + 1
    return [Drawn(series, number, size) for (series, number), size in sorted(held.items())]


def count_next(*, sample: str, reason: str, key: Key, by: str, at: datetime) -> str:
    """Begin a blind count of exactly the boxes that the sample needs next; return the count. Raises as begin does."""
    found = standing(sample)
    if not found.next:
        raise SampleRefused(
            "sample {sample} is {state}", mend="begin another one", sample=sample, state=str(found.judgement.state)
        )  # fmt: skip
    return operations.begin(
        office=found.office, reason=reason, key=key, by=by, at=at, boxes=found.next, sample=sample
    )  # fmt: skip


def take_count(*, sample: str, count: str, by: str, at: datetime) -> Standing:
    """Take the results of a count that has ended for the drawn boxes that it looked at. Raises SampleRefused."""
    counted = queries.count(count)
    if counted["status"] not in (Status.MATCHED, Status.CORRECTED) or not counted["boxes"]:
        raise SampleRefused(
            "count {count} has no result for a sample", mend="finish a count of the sample's boxes", count=count
        )  # fmt: skip
    lacks: dict[BoxId, int] = {BoxId(series, number): 0 for series, number in counted["boxes"]}
    for item in queries.differences(count):
        if item["seen"] == rules.ABSENT:
            lacks[BoxId(item["series"], item["box_no"])] += item["last"] - item["first"] + 1
    if OfficeCount.objects.filter(pk=count).exclude(sample=sample).exists():
        raise SampleRefused("count {count} is not of this sample", mend="name its own count", count=count)
    return _take(sample, lacks, count=count, by=by, at=at)


def take_results(*, sample: str, missing: Mapping[BoxId, int], by: str, at: datetime) -> Standing:
    """Take what was found in drawn boxes: how many blanks each lacks. The same results again change nothing.

    Raises UnknownSample, SampleRefused (a box that is not of it, lacks more than it holds, or had another result).
    """
    return _take(sample, dict(missing), count="", by=by, at=at)


def _take(sample: str, missing: dict[BoxId, int], *, count: str, by: str, at: datetime) -> Standing:
    with atomic():
        _alone(sample)
        order = _order(_head(sample))
        places = {box.box: place for place, box in enumerate(order, 1)}
        known = {
            BoxId(series, number): lacks
            for series, number, lacks in LossSampleResult.objects.filter(sample=sample).values_list(
                "series", "box_no", "missing"
            )
        }
        rows = []
        for box, lacks in sorted(missing.items()):
            if box not in places:
                raise SampleRefused("{box} is not of this sample", mend="count a drawn box", box=box)
            if not 0 <= lacks <= order[places[box] - 1].size:
                raise SampleRefused(
                    "{box} cannot lack {lacks} of {size} blanks", mend="count it again", box=box, lacks=lacks,
                    size=order[places[box] - 1].size,
                )  # fmt: skip
            if known.get(box, lacks) != lacks:
                raise SampleRefused(
                    "{box} was found to lack {before} before", mend="what was handed in stands; begin another sample",
                    box=box, before=known[box],
                )  # fmt: skip
            if box not in known:
                rows.append(
                    {
                        "sample": sample, "draw": places[box], "series": box.series, "box_no": box.number,
                        "size": order[places[box] - 1].size, "missing": lacks, "count": count, "by": by, "at": at,
                    }
                )  # fmt: skip
        if rows:
            event = audit.record(
                operation="counting.sample_result", by=by, at=at, facts=Facts.of({"counting_sample_result": rows}),
                subject={"sample": sample, "boxes": len(rows)},
            )  # fmt: skip
            LossSampleResult.objects.bulk_create([LossSampleResult(event_id=event, **row) for row in rows])
        return standing(sample)


def standing(sample: str) -> Standing:
    """Where a claim stands. Only the boxes from the first of the order without a gap count. Raises UnknownSample."""
    head = _head(sample)
    order = _order(head)
    results = dict(LossSampleResult.objects.filter(sample=sample).values_list("draw", "missing"))
    missing: list[int] = []
    while len(missing) + 1 in results:
        missing.append(results[len(missing) + 1])
    risk, loss = Fraction(head["risk"]), Fraction(head["loss"])
    found = sampling.judge(order, missing, risk=risk, loss=loss)
    ahead: Sequence[Drawn] = order[found.counted : found.counted + found.more] if found.state is State.UNDECIDED else ()
    waiting = tuple(box.box for place, box in enumerate(ahead, found.counted + 1) if place not in results)
    return Standing(
        sample, head["office"], head["seed"], risk, loss, len(order), head["blanks"], found, waiting
    )  # fmt: skip


def course(sample: str) -> list[float]:
    """The smallest risk at which the claim is proven, after each counted box of the order. Raises UnknownSample."""
    head = _head(sample)
    order = _order(head)
    results = dict(LossSampleResult.objects.filter(sample=sample).values_list("draw", "missing"))
    found: list[int] = []
    risks = []
    while len(found) + 1 in results:
        found.append(results[len(found) + 1])
        judged = sampling.judge(order, found, risk=Fraction(head["risk"]), loss=Fraction(head["loss"]))
        risks.append(judged.risk)
    return risks


def samples(*, office: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Samples with where they stand, the newest first."""
    found = LossSample.objects.all() if office is None else LossSample.objects.filter(office=office)
    names = found.order_by("-event_id").values_list("sample", "at", "by")[:limit]
    return [{**standing(name).as_json(), "at": at, "by": by} for name, at, by in names]


def _head(sample: str) -> dict[str, Any]:
    row = LossSample.objects.filter(pk=sample).values().first()
    if row is None:
        raise UnknownSample("there is no sample {sample}", mend="choose one of the list", sample=sample)
    return row


def _order(head: dict[str, Any]) -> tuple[Drawn, ...]:
    return sampling.draw([Drawn(*box) for box in head["boxes"]], head["seed"])


def _alone(sample: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, sample])
