"""From needs and holdings to the shares of a round and what a deadline costs the others. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any, Final

from blanko.decisions.planning import dividing
from blanko.decisions.planning.asked import TERMS, Area, Terms
from blanko.decisions.planning.rules import NobodyHasDeadline, departure
from blanko.engines.allocation import RULE_VERSION, AreaNeed, Stage, allocate_stages
from blanko.engines.allocation.policies import Rule, rule_of

_SIX_PLACES = Decimal("0.000001")


# What stands in a document only where it says something: a round that used none of it keeps the bytes that it had
# before the word was known.
SAID_IF_USED = frozenset({
    "reserve", "reserve_for", "lot_min", "classes", "lending", "claim", "claim_since", "claimed", "wish", "wish_no",
    "deferred", "claim_left", "claim_left_since", "first", "mode", "letter", "collect_on", "lot_cost", "blank_cost",
    "transport_cost",
})  # fmt: skip
UNSAID: Final[tuple[Any, ...]] = (None, 0, "", "courier", (), [], {})


@dataclass(frozen=True, slots=True)
class Draft:
    """A shared-out round as rows of plain values: ``shares`` and ``effects`` by regency, ``loans``, fingerprints."""

    terms: Terms
    shares: tuple[dict[str, object], ...]
    effects: tuple[dict[str, object], ...]
    loans: tuple[dict[str, object], ...]
    inputs_sha256: str
    document: bytes

    @property
    def document_sha256(self) -> str:
        return sha256(self.document).hexdigest()


def draft(areas: Sequence[Area], terms: Terms) -> Draft:
    """Share the release of a round by the rule that its terms name. The same input gives the same bytes.

    With a deadline only the areas that have it share the release, and every other area's loss is computed: what it
    would have got of the same release, now and after the rest of the stock is shared. Raises NobodyHasDeadline,
    InvalidTerms, UnknownPolicy.
    """
    rule = rule_of(terms.rule_version)
    ordered = sorted(areas, key=lambda area: area.code)
    effects: tuple[dict[str, object], ...] = ()
    inside = ordered
    if terms.deadline is not None:
        inside = [area for area in ordered if area.deadline == terms.deadline]
        if not inside:
            raise NobodyHasDeadline(
                "no area has the deadline {deadline}",
                mend="publish the deadline of the areas that have it",
                deadline=terms.deadline,
            )
        effects = _effects(ordered, terms, rule, terms.deadline)
    given = dividing.divided(inside, terms, rule)
    shares = tuple(_row(area, given.get(area.code), terms) for area in ordered)
    loans: tuple[dict[str, object], ...] = ()
    if terms.lending:
        loans = dividing.loans(ordered, {code: one.share for code, one in given.items()}, terms)
    fingerprint = sha256(canonical({"terms": _lean(asdict(terms)), "areas": [_input(area) for area in ordered]}))
    inputs = fingerprint.hexdigest()
    document = document_of(asdict(terms), inputs_sha256=inputs, shares=shares, effects=effects, loans=loans)
    return Draft(terms, shares, effects, loans, inputs, document)


def document_of(
    terms: Mapping[str, object],
    *,
    inputs_sha256: str,
    shares: Sequence[Mapping[str, object]],
    effects: Sequence[Mapping[str, object]],
    loans: Sequence[Mapping[str, object]] = (),
) -> bytes:
    """A round as canonical JSON. It holds no number, time or officer: the same input gives the same bytes.

    Each share stands beside all that decided it, so that a stranger computes the round again (``dossier.rerun``).
    """
    said: dict[str, object] = {
        "terms": _lean({name: terms[name] for name in TERMS}),
        "inputs_sha256": inputs_sha256,
        "shares": [_lean(share) for share in shares],
        "effects": [dict(effect) for effect in effects],
    }
    return canonical(said | {"loans": [dict(loan) for loan in loans]} if terms.get("lending") else said)


def _lean(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in SAID_IF_USED or value not in UNSAID}


def asked_of(area: Area) -> AreaNeed:
    """The area as the engine takes it."""
    return AreaNeed(
        code=area.code,
        need=area.need.need,
        in_hand=area.in_hand,
        in_transit=area.in_transit,
        deadline=area.deadline,
        earlier=area.need.earlier,
        last_box_on=area.last_box_on,
        requested=area.requested,
    )


def _effects(areas: Sequence[Area], terms: Terms, rule: Rule, deadline: date) -> tuple[dict[str, object], ...]:
    now, lasting = (_lost(areas, terms, rule, deadline, stock) for stock in (terms.release, terms.stock))
    return tuple(
        {"regency": code, "deadline": deadline, "lost_now": now[code], "lost_lasting": lasting[code]}
        for code in sorted(now)
    )


def _lost(areas: Sequence[Area], terms: Terms, rule: Rule, deadline: date, stock: int) -> Mapping[str, int]:
    """What each area outside a stage has less than if ``stock`` had been shared among all at once (blanks)."""
    free = max(terms.release, stock - terms.reserve)
    if rule.id == RULE_VERSION and not dividing.has_terms(areas, terms):
        # Exact also in ties: boxes of the stage count as given in this very round.
        return allocate_stages(
            [asked_of(area) for area in areas],
            stages=[Stage(deadline, terms.release)],
            stock=free,
            box_size=terms.box_size,
            part_boxes=terms.part_boxes,
        ).lost
    return dividing.lost(areas, terms, rule, deadline, stock=free)


def _row(area: Area, given: dividing.Given | None, terms: Terms) -> dict[str, object]:
    """One regency's row. An area outside a stage keeps what it has, and ``binding`` says that the stage was not its."""
    share = given or dividing.outside(area)
    leaves = departure(
        share=share.share,
        as_of=terms.as_of,
        deadline=terms.deadline if given else None,
        transport_days=area.transport_days,
        cards_a_day=area.cards_a_day,
        collect_on=area.collect_on,
    )
    return {
        **_known(area),
        "remaining": share.remaining,
        "share": share.share,
        "boxes": share.share // terms.box_size,
        "part": share.share % terms.box_size,
        "claimed": share.claimed,
        "deferred": share.deferred,
        "claim_left": share.claim_left,
        "claim_left_since": share.claim_left_since,
        "fill_before": _six(share.fill_before),
        "fill_after": _six(share.fill_after),
        "binding": share.binding,
        "would_lose": share.would_lose,
        "transport_days": leaves.transport_days,
        "printing_days": leaves.printing_days,
        "dispatch_by": leaves.dispatch_by,
        "late": leaves.late,
        "transport_cost": area.lot_cost + share.share * area.blank_cost if share.share else 0,
    }


def _six(fill: float) -> Decimal:
    return Decimal(repr(fill)).quantize(_SIX_PLACES, rounding=ROUND_HALF_UP)


def _known(area: Area) -> dict[str, object]:
    """What is known of an area, as it stands beside its share."""
    return {
        "regency": area.code,
        "need_source": area.need.need_source,
        "counted_on": area.need.counted_on,
        "source": area.need.source,
        "print_ready": area.need.print_ready,
        "printed_since": area.need.printed_since,
        "need": area.need.need,
        "earlier": area.need.earlier,
        "in_hand": area.in_hand,
        "in_transit": area.in_transit,
        "requested": area.requested,
        "deadline": area.deadline,
        "last_box_on": area.last_box_on,
        "cards_a_day": area.cards_a_day,
        "claim": area.claim,
        "claim_since": area.claim_since,
        "wish": area.wish,
        "wish_no": area.wish_no,
        "first": dict(area.first),
        "mode": area.mode,
        "letter": area.letter,
        "collect_on": area.collect_on,
        "lot_cost": area.lot_cost,
        "blank_cost": area.blank_cost,
    }


def _input(area: Area) -> dict[str, object]:
    """All that decides a share, for the fingerprint."""
    return _lean({**_known(area), "transport_days": area.transport_days})


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8; days in ISO form, decimals as text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
