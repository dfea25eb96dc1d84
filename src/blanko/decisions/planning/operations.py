"""Draft, override, review, supersede, commit or discard a round; publish deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Max
from django.db.transaction import atomic
from django.utils import timezone

from blanko.cards.issuance import ordering
from blanko.decisions.planning import models, queries, rulebook, rules, sharing, warehouse
from blanko.decisions.planning.asked import TERMS, Terms
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts


def _alone() -> None:
    """Rounds are drafted, changed and ended one at a time: of two officers the second sees what the first did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('planning_round'))")


def publish_deadlines(*, deadlines: Sequence[dict[str, object]], by: str, at: datetime) -> int:
    """Add deadlines (regency, deadline, reason, published_on, source) that are not there yet; return how many."""
    with atomic():
        _alone()
        known = set(models.Deadline.objects.values_list("regency", "deadline"))
        columns = ("regency", "deadline", "reason", "published_on", "source")
        rows = [
            {name: row[name] for name in columns} for row in deadlines if (row["regency"], row["deadline"]) not in known
        ]
        if rows:
            event = audit.record(
                operation="planning.publish_deadlines",
                by=by,
                at=at,
                facts=Facts.of({"planning_deadline": rows}),
                subject={"regencies": sorted({str(row["regency"]) for row in rows})},
            )
            models.Deadline.objects.bulk_create([models.Deadline(event_id=event, **row) for row in rows])
            # The same days are the first part of the order in which cards are printed.
            ordering.publish_deadlines(deadlines=rows, by=by, at=at)
    return len(rows)


def draft_round(
    *,
    title: str,
    as_of: date,
    release: int,
    deadline: date | None = None,
    part_boxes: bool = True,
    part_reserve: int = 0,
    reserve: int = 0,
    reserve_for: str = "",
    lot_min: int = 0,
    classes: Sequence[str] = (),
    lending: bool = True,
    supersedes: int | None = None,
    reason: str = "",
    by: str,
    at: datetime,
) -> int:
    """Share ``release`` blanks of the central warehouse by the needs of ``as_of``; return the round's number.

    The rule is the one in force on ``as_of``. With a ``deadline`` only the areas that have published it share in the
    release; what every other area lost by that is stored. ``part_reserve`` blanks of it are shared singly, lowest fill
    first; ``reserve`` blanks stay in the warehouse for ``reserve_for``; a lot is ``lot_min`` blanks or more; people of
    ``classes`` go first. With ``supersedes`` it is the next version of that round, for a ``reason``. Nothing moves yet.
    Raises ReleaseExceedsStock, NothingReleased, ReserveWithoutPurpose, NobodyHasDeadline, InvalidTerms, NoRuleThen,
    and for a version RoundClosed, UnknownRound, VersionNeedsReason.
    """
    with atomic():
        _alone()
        before = _open(supersedes) if supersedes is not None else None
        if (before is not None) != bool(reason.strip()):
            raise rules.VersionNeedsReason(
                "a version and its reason go together", mend="say which round it supersedes, and why"
            )
        drafted, rule = _shared_out(
            title=title, as_of=as_of, release=release, deadline=deadline, part_boxes=part_boxes,
            part_reserve=part_reserve, reserve=reserve, reserve_for=reserve_for, lot_min=lot_min, classes=classes,
            lending=lending,
        )  # fmt: skip
        terms = drafted.terms
        number = (models.Round.objects.aggregate(last=Max("number"))["last"] or 0) + 1
        head: dict[str, Any] = {
            "number": number,
            "plan": before["plan"] if before else number,
            "version": before["version"] + 1 if before else 1,
            "supersedes": supersedes,
            "supersede_reason": reason.strip(),
            "author": by,
            **{name: getattr(terms, name) for name in TERMS},
            "classes": list(classes),
            "rule_from": rule.from_date,
            "rule_reference": rule.reference,
            "inputs_sha256": drafted.inputs_sha256,
            "document_sha256": drafted.document_sha256,
        }
        rows = {
            "planning_round": [head],
            "planning_share": [{"round_no": number, **row} for row in drafted.shares],
            "planning_stage_effect": [{"round_no": number, **row} for row in drafted.effects],
            "planning_proposed_loan": [{"round_no": number, **row} for row in drafted.loans],
            "planning_round_step": [_step(number, "draft", by=by, at=at)],
        }
        if before:
            rows["planning_round_step"].insert(
                0, _step(before["number"], "superseded", by=by, at=at, reason=reason.strip())
            )
        event = audit.record(
            operation="planning.draft_round", by=by, at=at, facts=Facts.of(rows), reason=reason.strip(),
            subject={"round": number, "title": title, "supersedes": supersedes},
        )  # fmt: skip
        for model in (models.Round, models.Share, models.StageEffect, models.ProposedLoan, models.RoundStep):
            model.objects.bulk_create(
                [model(event_id=event, **row) for row in rows[model._meta.db_table]], batch_size=600
            )
    return number


def preview_round(**asked: Any) -> sharing.Draft:
    """What ``draft_round`` would share by the same terms (its keywords without supersedes, reason, by and at).

    Nothing is stored. Raises what draft_round raises of its terms.
    """
    return _shared_out(**asked)[0]


def _shared_out(
    *, title: str, as_of: date, release: int, deadline: date | None = None, part_boxes: bool = True,
    part_reserve: int = 0, reserve: int = 0, reserve_for: str = "", lot_min: int = 0, classes: Sequence[str] = (),
    lending: bool = True,
) -> tuple[sharing.Draft, rulebook.InForce]:  # fmt: skip
    stock, _in_transit = warehouse.holdings().get(warehouse.CENTRE, (0, 0))
    rules.check_release(release=release, stock=stock, reserve=reserve, reserve_for=reserve_for)
    sealed, _loose = warehouse.boxes_and_pieces()
    rule = rulebook.in_force(as_of)
    terms = Terms(
        title=title, as_of=as_of, release=release, stock=stock, box_size=warehouse.box_size(sealed),
        part_boxes=part_boxes, deadline=deadline, part_reserve=part_reserve, reserve=reserve,
        reserve_for=reserve_for.strip(), lot_min=lot_min, classes=tuple(classes), lending=lending,
        rule_version=rule.version,
    )  # fmt: skip
    return sharing.draft(queries.areas(as_of, classes=classes), terms), rule


def supersede_round(*, round_no: int, reason: str, by: str, at: datetime, **changed: Any) -> int:
    """Draft the next version of a round, by today's needs and by the old terms where ``changed`` names no new ones.

    Returns its number. The old version ends and stays visible. Raises what ``draft_round`` raises.
    """
    before = queries.head(round_no)
    names = (
        "title", "as_of", "release", "deadline", "part_boxes", "part_reserve", "reserve", "reserve_for", "lot_min",
        "classes", "lending",
    )  # fmt: skip
    terms = {name: before[name] for name in names} | {
        name: value for name, value in changed.items() if value is not None
    }
    if not reason.strip():
        raise rules.VersionNeedsReason(
            "a new version takes the place of round {round_no} without a reason", mend="say why", round_no=round_no
        )
    return draft_round(**terms, supersedes=round_no, reason=reason, by=by, at=at)


def _step(
    round_no: int, step: str, *, by: str, at: datetime, reason: str = "", author: str | None = None
) -> dict[str, Any]:
    return {"round_no": round_no, "step": step, "at": at, "by": by, "author": author, "reason": reason}


def _open(round_no: int) -> dict[str, Any]:
    """A round that was neither committed, discarded nor superseded. Raises UnknownRound and RoundClosed."""
    found = queries.round(round_no)
    if found["state"] in rules.ENDS:
        end = next(step for step in found["steps"] if step["step"] == found["state"])
        raise rules.RoundClosed(
            "round {round_no} was {state} by {by} on {at}",
            mend="draft a new round",
            round_no=round_no,
            state=found["state"],
            by=end["by"],
            at=f"{end['at']:%Y-%m-%d %H:%M}",
        )
    return found


def _open_draft(round_no: int) -> dict[str, Any]:
    """A version that nobody has reviewed yet. Raises UnknownRound, RoundClosed, RoundReviewed."""
    found = _open(round_no)
    if found["state"] != "draft":
        raise rules.RoundReviewed(
            "round {round_no} was {state} by {by} and does not change any more",
            mend="draft a version that supersedes it",
            round_no=round_no,
            state=found["state"],
            by=found["reviewer"],
        )
    return found


def review_round(*, round_no: int, approve: bool, remark: str = "", by: str, at: datetime) -> None:
    """Another officer than the author says that a version may leave, or returns it with a remark.

    Raises UnknownRound, RoundClosed, RoundReviewed, ReviewRefused.
    """
    with atomic():
        _alone()
        found = _open_draft(round_no)
        rules.check_review(author=found["author"], reviewer=by, persons=queries.persons())
        if not approve and not remark.strip():
            raise rules.ReviewRefused(
                "round {round_no} is returned without a remark", mend="say what is to be mended", round_no=round_no
            )
        verdict = "reviewed" if approve else "returned"
        step = _step(round_no, verdict, by=by, at=at, reason=remark.strip(), author=found["author"])
        event = audit.record(
            operation="planning.review_round", by=by, at=at, facts=Facts.of({"planning_round_step": [step]}),
            reason=remark.strip(),
            subject={"round": round_no, "author": found["author"], "verdict": verdict},
        )  # fmt: skip
        models.RoundStep.objects.create(event_id=event, **step)


def override_share(*, round_no: int, regency: str, share: int, reason: str, by: str, second: str, at: datetime) -> None:
    """Change one share of a draft by hand. It needs a reason and a second officer who agrees, and it shows for ever.

    Raises the engine's OverrideRefused, OverrideExceedsNeed, OverrideExceedsRelease, AreaNotInRound, RoundClosed and
    UnknownRound, RoundReviewed.
    """
    with atomic():
        _alone()
        found = _open_draft(round_no)
        shares = {row["regency"]: row for row in found["shares"]}
        if regency not in shares:
            raise rules.AreaNotInRound(
                "round {round_no} has no share for {regency}",
                mend="name a regency's code",
                round_no=round_no,
                regency=regency,
            )
        before = shares[regency]["share"]
        rules.check_override(
            share=share,
            remaining=shares[regency]["remaining"],
            reason=reason,
            by=by,
            second=second,
            total_after=found["shared"] - before + share,
            release=found["release"],
        )
        rules.check_second(second=second, persons=queries.persons())
        row = {
            "round_no": round_no,
            "regency": regency,
            "sequence": len(found["overrides"]) + 1,
            "share_before": before,
            "share_after": share,
            "reason": reason,
            "by": by,
            "second": second,
            "at": at,
        }
        event = audit.record(
            operation="planning.override_share",
            by=by,
            at=at,
            facts=Facts.of({"planning_override": [row]}),
            reason=reason,
            subject={"round": round_no, "regency": regency, "second": second},
        )
        models.Override.objects.create(event_id=event, **row)


def object_to_round(*, round_no: int, regency: str, text: str, by: str, at: datetime) -> int:
    """Keep what a regency objects to in a round, drafted or ended; return the objection's number in it.

    It changes no share: whoever agrees with it overrides, or drafts another round. Raises UnknownRound, AreaNotInRound,
    ObjectionEmpty.
    """
    if not text.strip():
        raise rules.ObjectionEmpty("an objection says nothing", mend="say what is objected to, and why")
    with atomic():
        _alone()
        if regency not in {share["regency"] for share in queries.round(round_no)["shares"]}:
            raise rules.AreaNotInRound(
                "round {round_no} has no share for {regency}", mend="name a regency's code", round_no=round_no,
                regency=regency,
            )  # fmt: skip
        number = models.Objection.objects.filter(round_no=round_no).count() + 1
        row = {
            "round_no": round_no, "sequence": number, "regency": regency, "text": text.strip(), "by": by, "at": at,
        }  # fmt: skip
        event = audit.record(
            operation="planning.object_to_round", by=by, at=at, facts=Facts.of({"planning_objection": [row]}),
            subject={"round": round_no, "regency": regency},
        )  # fmt: skip
        models.Objection.objects.create(event_id=event, **row)
    return number


def commit_round(*, round_no: int, by: str, at: datetime) -> list[rules.Dispatch]:
    """Cut the round into boxes and put them on their way: one dispatch list for each office, all in one transaction.

    Only a version that another officer has reviewed leaves. Offices are served in the order of their latest departure,
    then code; boxes go first in, first out. Raises RoundNotReviewed, RoundStale, RoundClosed (the first of two
    committers wins), UnknownRound, ReleaseExceedsStock when the warehouse no longer holds what the round gives beside
    its reserve, and BoxesDoNotFit.
    """
    with atomic():
        _alone()
        found = _open(round_no)
        if found["state"] != "reviewed":
            raise rules.RoundNotReviewed(
                "round {round_no} was drafted by {author} and approved by nobody else",
                mend="let another officer review it",
                round_no=round_no,
                author=found["author"],
            )
        stock, _in_transit = warehouse.holdings().get(warehouse.CENTRE, (0, 0))
        if found["shared"] > stock - found["reserve"]:
            rules.check_release(
                release=found["shared"], stock=stock, reserve=found["reserve"], reserve_for=found["reserve_for"]
            )
        if (newer := queries.committed_since(round_no)) is not None:
            raise rules.RoundStale(
                "round {newer} left the warehouse since round {round_no} was drafted",
                mend="supersede it, so that it goes by what the offices hold now",
                newer=newer,
                round_no=round_no,
            )
        served = sorted(
            (row for row in found["shares"] if row["share"] > 0), key=lambda row: (row["dispatch_by"], row["regency"])
        )
        sealed, loose = warehouse.boxes_and_pieces()
        cutting = rules.cut([(row["regency"], row["share"]) for row in served], sealed=sealed, loose=loose)
        by_regency = {row["regency"]: row for row in served}
        carriers = queries.carriers()
        day = timezone.localtime(at).date()
        dispatches = [
            rules.Dispatch(
                round_no=round_no,
                round_title=found["title"],
                regency=cut.regency,
                office=cut.regency,
                consignment=rules.consignment_name(round_no=round_no, regency=cut.regency),
                papers=rules.papers_number(round_no=round_no, regency=cut.regency, on=day),
                written_on=day,
                dispatch_by=by_regency[cut.regency]["dispatch_by"],
                deadline=found["deadline"],
                boxes=cut.boxes,
                pieces=cut.pieces,
                mode=by_regency[cut.regency]["mode"],
                letter=by_regency[cut.regency]["letter"],
                carrier=carriers.get(by_regency[cut.regency]["letter"], ""),
                transport_days=by_regency[cut.regency]["transport_days"],
                transport_cost=by_regency[cut.regency]["lot_cost"] + cut.blanks * by_regency[cut.regency]["blank_cost"],
            )
            for cut in cutting.cuts
        ]
        rows = [_list_row(dispatch, cutting) for dispatch in dispatches]
        step = _step(round_no, "committed", by=by, at=at)
        event = audit.record(
            operation="planning.commit_round",
            by=by,
            at=at,
            facts=Facts.of({"planning_dispatch_list": rows, "planning_round_step": [step]}),
            subject={"round": round_no, "offices": len(rows), "blanks": sum(d.blanks for d in dispatches)},
        )
        models.RoundStep.objects.create(event_id=event, **step)
        models.DispatchList.objects.bulk_create([models.DispatchList(event_id=event, **row) for row in rows])
        if dispatches:
            warehouse.send(dispatches, cutting, by=by, at=at)
    return dispatches


def _list_row(dispatch: rules.Dispatch, cutting: rules.Cutting) -> dict[str, Any]:
    opened = set(cutting.opened)
    return {
        "round_no": dispatch.round_no,
        "regency": dispatch.regency,
        "office": dispatch.office,
        "consignment": dispatch.consignment,
        "papers": dispatch.papers,
        "written_on": dispatch.written_on,
        "dispatch_by": dispatch.dispatch_by,
        "deadline": dispatch.deadline,
        "blanks": dispatch.blanks,
        "boxes": [[whole.box.series, whole.box.number, whole.size] for whole in dispatch.boxes],
        "pieces": [
            [piece.box.series, piece.box.number, piece.positions.first, piece.positions.last]
            for piece in dispatch.pieces
        ],
        "mode": dispatch.mode,
        "letter": dispatch.letter,
        "carrier": dispatch.carrier,
        "transport_days": dispatch.transport_days,
        "transport_cost": dispatch.transport_cost,
        "opened": sorted({str(piece.box) for piece in dispatch.pieces if piece.box in opened}),
    }


def discard_round(*, round_no: int, reason: str, by: str, at: datetime) -> None:
    """Set a version aside. Nothing has moved, and nothing stays but the step and its reason. Raises RoundClosed."""
    with atomic():
        _alone()
        _open(round_no)
        step = _step(round_no, "discarded", by=by, at=at, reason=reason)
        event = audit.record(
            operation="planning.discard_round",
            by=by,
            at=at,
            facts=Facts.of({"planning_round_step": [step]}),
            reason=reason,
            subject={"round": round_no},
        )
        models.RoundStep.objects.create(event_id=event, **step)
