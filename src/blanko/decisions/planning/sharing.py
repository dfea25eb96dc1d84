"""From needs and holdings to the shares of a round and what a deadline costs the others. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256

from blanko.decisions.planning.rules import Need, NobodyHasDeadline, departure
from blanko.engines.allocation import RULE_VERSION, AreaNeed, AreaShare, Stage, allocate, allocate_stages

_SIX_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Area:
    """Everything about one regency that goes into a round. ``requested`` is shown beside and decides nothing."""

    need: Need
    in_hand: int = 0
    in_transit: int = 0
    requested: int | None = None
    deadline: date | None = None
    last_box_on: date | None = None
    transport_days: int = 0
    cards_a_day: int = 1

    @property
    def code(self) -> str:
        return self.need.regency


@dataclass(frozen=True, slots=True)
class Terms:
    """What a round is asked to do. ``deadline`` None: the release is for every area.

    ``part_reserve`` of the release is kept from whole boxes, for areas that need less than one.
    """

    title: str
    as_of: date
    release: int
    stock: int
    box_size: int
    part_boxes: bool
    deadline: date | None = None
    part_reserve: int = 0


# What the document of a round says of what it was asked to do.
TERMS = (*(field.name for field in fields(Terms)), "rule_version")


@dataclass(frozen=True, slots=True)
class Draft:
    """A shared-out round as rows of plain values: ``shares`` and ``effects`` by regency, and its fingerprints."""

    terms: Terms
    shares: tuple[dict[str, object], ...]
    effects: tuple[dict[str, object], ...]
    inputs_sha256: str
    document: bytes

    @property
    def document_sha256(self) -> str:
        return sha256(self.document).hexdigest()


def draft(areas: Sequence[Area], terms: Terms) -> Draft:
    """Share the release of a round by the published rule. The same input gives the same bytes.

    With a deadline only the areas that have it share the release, and every other area's loss is computed: what it
    would have got of the same release, now and after the rest of the stock is shared. Raises NobodyHasDeadline.
    """
    ordered = sorted(areas, key=lambda area: area.code)
    by_code = {area.code: area for area in ordered}
    asked = [asked_of(area) for area in ordered]
    effects: tuple[dict[str, object], ...] = ()
    if terms.deadline is None:
        inside = asked
    else:
        inside = [area for area in asked if area.deadline == terms.deadline]
        if not inside:
            raise NobodyHasDeadline(
                "no area has the deadline {deadline}",
                mend="publish the deadline of the areas that have it",
                deadline=terms.deadline,
            )
        effects = _effects(asked, terms, terms.deadline)
    result = allocate(
        inside,
        stock=terms.release,
        box_size=terms.box_size,
        part_boxes=terms.part_boxes,
        part_reserve=terms.part_reserve,
    )
    given = {share.code: share for share in result.shares}
    everybody = {share.code: share for share in allocate(asked, stock=0, box_size=terms.box_size).shares}
    shares = tuple(_row(by_code[code], given.get(code), everybody[code], terms) for code in sorted(everybody))
    fingerprint = sha256(canonical({"terms": _terms(terms), "areas": [_input(area) for area in ordered]})).hexdigest()
    document = document_of(_terms(terms), inputs_sha256=fingerprint, shares=shares, effects=effects)
    return Draft(terms, shares, effects, fingerprint, document)


def document_of(
    terms: Mapping[str, object],
    *,
    inputs_sha256: str,
    shares: Sequence[Mapping[str, object]],
    effects: Sequence[Mapping[str, object]],
) -> bytes:
    """A round as canonical JSON. It holds no number, time or officer: the same input gives the same bytes.

    Each share stands beside all that decided it, so that a stranger computes the round again (``dossier.rerun``).
    """
    return canonical(
        {
            "terms": {name: terms[name] for name in TERMS},
            "inputs_sha256": inputs_sha256,
            "shares": [dict(share) for share in shares],
            "effects": [dict(effect) for effect in effects],
        }
    )


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


def _effects(asked: Sequence[AreaNeed], terms: Terms, deadline: date) -> tuple[dict[str, object], ...]:
    def lost(stock: int) -> Mapping[str, int]:
        return allocate_stages(
            asked,
            stages=[Stage(deadline, terms.release)],
            stock=stock,
            box_size=terms.box_size,
            part_boxes=terms.part_boxes,
        ).lost

    now, lasting = lost(terms.release), lost(terms.stock)
    return tuple(
        {"regency": code, "deadline": deadline, "lost_now": now[code], "lost_lasting": lasting[code]}
        for code in sorted(now)
    )


def _row(area: Area, given: AreaShare | None, untouched: AreaShare, terms: Terms) -> dict[str, object]:
    """One regency's row. An area outside a stage keeps what it has, and ``binding`` says that the stage was not its."""
    share = given or untouched
    leaves = departure(
        share=share.share,
        as_of=terms.as_of,
        deadline=terms.deadline if given else None,
        transport_days=area.transport_days,
        cards_a_day=area.cards_a_day,
    )
    return {
        **_known(area),
        "remaining": share.remaining,
        "share": share.share if given else 0,
        "boxes": share.boxes if given else 0,
        "part": share.part if given else 0,
        "fill_before": _six(share.fill_before),
        "fill_after": _six(share.fill_after if given else share.fill_before),
        "binding": share.binding if given or share.binding == "no_need" else "not_in_stage",
        "would_lose": share.would_lose if given else None,
        "transport_days": leaves.transport_days,
        "printing_days": leaves.printing_days,
        "dispatch_by": leaves.dispatch_by,
        "late": leaves.late,
    }


def _six(fill: float) -> Decimal:
    return Decimal(repr(fill)).quantize(_SIX_PLACES, rounding=ROUND_HALF_UP)


def _terms(terms: Terms) -> dict[str, object]:
    return {**asdict(terms), "rule_version": RULE_VERSION}


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
    }


def _input(area: Area) -> dict[str, object]:
    """All that decides a share, for the fingerprint."""
    return {
        **_known(area),
        "transport_days": area.transport_days,
    }


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8; days in ISO form, decimals as text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
