"""What a decision does to verdicts, persons, records, cards and claims, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import combinations
from typing import Any

from django.db import connection
from django.utils import timezone

from blanko.cards.issuance import operations as issuance
from blanko.cards.issuance.rules import Blank, CardState, PrinterFault
from blanko.decisions.cases import queries
from blanko.decisions.cases.rules import FOUND_UNIQUE, Key, Kind, Member
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement.queries import claims_as_of
from blanko.records.registry import closing, persons, verdicts
from blanko.records.registry.operations import TAKE_IN_LOCK, StatusStep, change_statuses
from blanko.records.registry.rules import Kind as StatusKind
from blanko.records.registry.verdicts import Judged


def alone() -> None:
    """Decisions and files take turns: what is read now stays so until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])


def closed_by(members: Sequence[Mapping[str, Any]], parts: Sequence[Sequence[Key]]) -> list[Member]:
    """The open records that this decision would close."""
    kept = {part[0] for part in parts}
    return [member for member in queries.members_of(members) if member.key not in kept and not member.closed]


def before(parts: Sequence[Sequence[Key]]) -> dict[str, Any]:
    """Whose the records of the persons concerned are now, and which are closed: what an undo gives back."""
    persons_now, rows = _of_persons([key for part in parts for key in part])
    standing = verdicts.standing([key for part in parts for key in part])
    return {
        "verdicts": [["/".join(one), "/".join(other), v["verdict"]] for (one, other), v in sorted(standing.items())],
        "persons": [["/".join(key) for key in keys] for _person, keys in sorted(persons_now.items())],
        "closed": {
            "/".join(key): f"{row['kept_office']}/{row['kept_id']}" for key, row in rows.items() if row["closed"]
        },
    }


def carry_out(
    decided: Sequence[tuple[int, str, list[list[Key]]]], *, reason: str, by: str, at: datetime
) -> dict[int, dict[str, Any]]:
    """Do what was decided of one case or of a group; returns by case what an undo needs besides ``before``."""
    parts = [part for _no, _kind, of_case in decided for part in of_case]
    keys = [key for part in parts for key in part]
    held = queries.records(keys)
    touched = {row["person_id"] for row in held.values()}
    pairs = []
    for _no, _kind, of_case in decided:
        for part in of_case:
            pairs += [Judged(part[0], other, "same") for other in part[1:]]
        for one, other in combinations(of_case, 2):
            pairs += [Judged(left, right, "different") for left in one for right in other]
    verdicts.judge(pairs=pairs, cause="case", reason=reason, by=by, at=at)
    # A record that stays is open before its person is made of it: no person is without an open record meanwhile.
    opened = [part[0] for part in parts if held[part[0]]["closed"]]
    closing.reopen(records=opened, cause="case", reason=reason, by=by, at=at)
    moved = persons.partition(groups=_whole(parts), cause="decision", reason=reason, by=by, at=at)
    touched |= moved.persons
    close = {key: part[0] for part in parts for key in part[1:] if not held[key]["closed"]}
    _end_cards([held[key] for key in close], reason=reason, by=by, at=at)
    closing.close(records=close, cause="case", reason=reason, by=by, at=at)
    steps = {no: _further(kind, of_case, held, reason=reason, by=by, at=at) for no, kind, of_case in decided}
    follow(touched, by=by, at=at)
    return {
        no: {
            "opened": ["/".join(part[0]) for part in of_case if part[0] in opened],
            "newly_closed": ["/".join(key) for part in of_case for key in part[1:] if key in close],
            "statuses": steps[no],
        }
        for no, _kind, of_case in decided
    }  # fmt: skip


def take_back(
    settled: Sequence[tuple[list[list[str]], Mapping[str, Any]]], *, reason: str, by: str, at: datetime
) -> None:
    """Undo what ``carry_out`` did: in its reverse order, in one transaction."""
    parts = [[_key(text) for text in part] for of_case, _before in settled for part in of_case]
    keys = [key for part in parts for key in part]
    held = queries.records(keys)
    touched = {row["person_id"] for row in held.values()}
    for _parts, was in settled:
        _statuses_back(was["statuses"], reason=reason, by=by, at=at)
    again = [_key(text) for _parts, was in settled for text in was["newly_closed"]]
    closing.reopen(records=again, cause="undo", reason=reason, by=by, at=at)
    groups = [[_key(text) for text in group] for _parts, was in settled for group in was["persons"]]
    moved = persons.partition(groups=_whole(groups), cause="decision", reason=reason, by=by, at=at)
    touched |= moved.persons
    close = {_key(text): _key(was["closed"][text]) for _parts, was in settled for text in was["opened"]}
    closing.close(records=close, cause="undo", reason=reason, by=by, at=at)
    pairs = []
    for of_case, was in settled:
        named = [_key(text) for part in of_case for text in part]
        earlier = {(_key(one), _key(other)): word for one, other, word in was["verdicts"]}
        pairs += [Judged(*pair, earlier.get(pair, "withdrawn")) for pair in verdicts.standing(named)]
    if pairs:
        verdicts.judge(pairs=pairs, cause="undo", reason=reason, by=by, at=at)
    follow(touched, by=by, at=at)


def later_than(case_no: int, event: int) -> int | None:
    """A settled case that decided later on one of this case's records."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(s.case_no) FROM cases_member AS mine"
            " JOIN cases_member AS other ON other.recorded_office = mine.recorded_office"
            "   AND other.record_id = mine.record_id AND other.case_no <> mine.case_no"
            " JOIN cases_standing AS s ON s.case_no = other.case_no AND s.state = 'settled'"
            " JOIN cases_step AS t ON t.case_no = s.case_no AND t.seq = s.seq AND t.event_id > %s"
            " WHERE mine.case_no = %s",
            [event, case_no],
        )
        (found,) = cursor.fetchone()
        return found and int(found)


def _key(text: str) -> Key:
    office, _slash, record = text.partition("/")
    return office, record


def _of_persons(keys: Iterable[Key]) -> tuple[dict[int, list[Key]], dict[Key, dict[str, Any]]]:
    """Every record of the persons of these records, by person."""
    offices, records = zip(*sorted(set(keys)), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.person_id, r.recorded_office, r.record_id, r.is_lead, r.closed, k.kept_office, k.kept_id"
            " FROM registry_record_current AS r"
            " LEFT JOIN registry_record_closed AS k"
            "   ON r.closed AND k.recorded_office = r.recorded_office AND k.record_id = r.record_id"
            " WHERE r.person_id IN (SELECT o.person_id FROM registry_record_current AS o"
            "   JOIN unnest(%s::text[], %s::text[]) AS n (office, record)"
            "   ON n.office = o.recorded_office AND n.record = o.record_id)"
            " ORDER BY r.person_id, r.recorded_office, r.record_id",
            [list(offices), list(records)],
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    by_person: dict[int, list[Key]] = {}
    for row in rows:
        by_person.setdefault(row["person_id"], []).append((row["recorded_office"], row["record_id"]))
    return by_person, {(row["recorded_office"], row["record_id"]): row for row in rows}


def _whole(groups: Sequence[Sequence[Key]]) -> list[list[Key]]:
    """The groups with the records that came to their persons since, or that no case names: each goes with the record of
    its person that leads, so that nobody is torn from the person that the files gave it.
    """
    place = {key: n for n, group in enumerate(groups) for key in group}
    by_person, rows = _of_persons(place)
    found = [list(group) for group in groups]
    for keys in by_person.values():
        named = [key for key in keys if key in place]
        lead = next((key for key in named if rows[key]["is_lead"]), named[0])
        for key in keys:
            # A closed record follows the one that it was closed for, whatever is said here.
            if key not in place and not rows[key]["closed"]:
                found[place[lead]].append(key)
    return found


def _end_cards(rows: Sequence[Mapping[str, Any]], *, reason: str, by: str, at: datetime) -> None:
    """Print jobs and printed cards of records that are closed end with them; a card in a hand is no more the one that
    counts, and is to be given back.
    """
    serials = []
    for row in rows:
        match row["card_state"]:
            case CardState.IN_PRINTER:
                issuance.fail_job(
                    job=row["job"], fault=PrinterFault.WRONG_DATA, blank=Blank.SPOILED, note=reason, by=by, at=at
                )
            case CardState.PRINTED | CardState.ON_THE_WAY:
                serials.append(row["serial"])
            case _:
                pass
    if serials:
        issuance.spoil(cards=serials, reason=reason, by=by, at=at)


def _further(
    kind: str, parts: Sequence[Sequence[Key]], held: Mapping[Key, Mapping[str, Any]], *, reason: str, by: str,
    at: datetime,
) -> list[list[str]]:  # fmt: skip
    """The steps that a decision makes of the records that stay: [record, from, since before, to]."""
    day = timezone.localtime(at).date()
    made: list[list[str]] = []
    for part in parts:
        kept = held[part[0]]
        status, since = kept["status"], kept["status_since"]
        if len(part) > 1 and status in ("ADJUDICATE_RECORD", "DUPLICATE_RECORD") and any(
            held[key]["status"] in FOUND_UNIQUE for key in part[1:]
        ):  # fmt: skip
            # Fingerprints and irises found this person unique under the record that is closed now.
            way = ["DUPLICATE_RECORD"] if status == "ADJUDICATE_RECORD" else []
            for to_status in (*way, "PRINT_READY_RECORD"):
                change_statuses(changes=[StatusStep(*part[0], to_status, max(day, since))], reason=reason, by=by, at=at)
            made.append(["/".join(part[0]), status, since.isoformat(), "PRINT_READY_RECORD"])
        elif kind == Kind.BIOMETRIC and len(parts) > 1 and status == "ADJUDICATE_RECORD":
            # A person says that they differ; only the engine can say that the record is unique.
            change_statuses(
                changes=[StatusStep(*part[0], "RECEIVED_AT_CENTRAL", max(day, since))], kind=StatusKind.CORRECTION,
                reason=reason, by=by, at=at,
            )  # fmt: skip
            made.append(["/".join(part[0]), status, since.isoformat(), "RECEIVED_AT_CENTRAL"])
    return made


def _statuses_back(made: Sequence[Sequence[str]], *, reason: str, by: str, at: datetime) -> None:
    """Give records the status that they had, where nothing has moved them since."""
    held = queries.records([_key(row[0]) for row in made]) if made else {}
    for text, was, since, to_status in made:
        if held[_key(text)]["status"] == to_status:
            change_statuses(
                changes=[StatusStep(*_key(text), was, date.fromisoformat(since))], kind=StatusKind.CORRECTION,
                reason=reason, by=by, at=at,
            )  # fmt: skip


def follow(touched: set[int], *, by: str, at: datetime) -> None:
    """Claims of everybody concerned, under all their ids, and the last check: nobody is without an open record."""
    day = claims_as_of()
    if day is not None:
        entitlement.refresh(as_of=day, persons=touched, by=by, at=at)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS registry_record_stays_open IMMEDIATE")
        cursor.execute("SET CONSTRAINTS registry_record_stays_open DEFERRED")
