"""A round's dossier: what a stranger needs to compute it again, to the byte. Pure: ``rerun`` needs no database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from typing import Any

from blanko.decisions.planning import sharing
from blanko.decisions.planning.asked import Area, Terms
from blanko.decisions.planning.rules import Need
from blanko.engines.allocation.errors import UnknownPolicy
from blanko.engines.allocation.policies import RULES, rule_of
from blanko.kernel.errors import BlankoError

DAYS = frozenset({"counted_on", "deadline", "last_box_on", "claim_since", "collect_on", "as_of"})


class NotADossier(BlankoError, ValueError):
    """The file holds no round as this release publishes it."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """A published round beside the same round computed again. ``differing`` names regencies whose share differs."""

    published_sha256: str
    computed_sha256: str
    rule_version: str
    shares: int
    differing: tuple[str, ...]

    @property
    def same(self) -> bool:
        return self.published_sha256 == self.computed_sha256


def dossier(full: Mapping[str, Any], document: bytes) -> bytes:
    """The dossier of a round (``queries.round`` and ``queries.round_document``) as JSON: the document that is computed
    again, its sha256, the rule with its reference, the version, and what people did: steps, overrides, objections.
    """
    told = {
        "document": json.loads(document),
        "document_sha256": sha256(document).hexdigest(),
        "round": full["number"],
        "rule": {"version": full["rule_version"], "from": full["rule_from"], "reference": full["rule_reference"]},
        "plan": full["plan"],
        "version": full["version"],
        "supersedes": full["supersedes"],
        "supersede_reason": full["supersede_reason"],
        "steps": full["steps"],
        "overrides": full["overrides"],
        "objections": full["objections"],
        "rerun": "./blanko planning rerun FILE",
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1, default=str).encode()


def rerun(given: bytes) -> Rerun:
    """Compute a published round again from its own inputs, and compare the bytes. Takes a dossier or a bare document.

    Raises NotADossier, and what the rule refuses.
    """
    document = published(given)
    terms = terms_of(document)
    areas = [area_of(share) for share in document["shares"]]
    again = sharing.draft(areas, terms).document
    before = sharing.canonical(document)
    computed = {share["regency"]: share for share in json.loads(again)["shares"]}
    differing = tuple(share["regency"] for share in document["shares"] if share != computed.get(share["regency"]))
    return Rerun(
        sha256(before).hexdigest(), sha256(again).hexdigest(), document["terms"]["rule_version"], len(areas), differing
    )


def published(given: bytes) -> dict[str, Any]:
    """The document that a dossier or a bare document holds. Raises NotADossier."""
    try:
        told = json.loads(given)
        document = told.get("document", told)
        missing = {"terms", "shares", "effects", "inputs_sha256"} - set(document)
    except (ValueError, AttributeError, TypeError) as error:
        raise NotADossier(
            "this is no JSON of a round: {error}", mend="take document.json of a round", error=error
        ) from None
    if missing:
        raise NotADossier(
            "the document lacks {parts}", mend="take document.json of a round", parts=", ".join(sorted(missing))
        )
    try:
        rule_of(document["terms"].get("rule_version"))
    except UnknownPolicy:
        raise NotADossier(
            "the round followed rule {rule}, this release has {known}", mend="compute it with the release of that rule",
            rule=document["terms"].get("rule_version"), known=", ".join(rule.id for rule in RULES),
        ) from None  # fmt: skip
    found: dict[str, Any] = document
    return found


def terms_of(document: Mapping[str, Any]) -> Terms:
    """What the round was asked to do; what its document does not say was not asked for."""
    values = _said(document["terms"], Terms)
    return Terms(**{**values, "classes": tuple(values.get("classes", ()))})


def area_of(share: Mapping[str, Any]) -> Area:
    """All that decided one share. Raises NotADossier."""
    try:
        need = Need(**{field.name: share[field.name] for field in fields(Need) if field.name not in DAYS},
                    counted_on=_day(share["counted_on"]))  # fmt: skip
        known = _said(share, Area)
        return Area(**{**known, "need": need, "in_hand": share["in_hand"], "in_transit": share["in_transit"]})
    except KeyError as error:
        raise NotADossier(
            "the share of {regency} lacks {part}", mend="take document.json of a round", regency=share.get("regency"),
            part=str(error),
        ) from None  # fmt: skip


def _said(row: Mapping[str, Any], into: type) -> dict[str, Any]:
    return {
        field.name: _day(row[field.name]) if field.name in DAYS else row[field.name]
        for field in fields(into)
        if field.name in row
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
