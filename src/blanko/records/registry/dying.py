"""Papers about a death that name their person, matched by the same model and keys as records are.

A sure match suspends the card, with the same facts as any other report of a death; an uncertain one, and a NIK that is
another person's than the name, wait for a person to decide (``answer``). Nothing is erased by any of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.kernel.errors import BlankoError
from blanko.records.registry import adopting, checking
from blanko.records.registry.models import DeathAnswer, DeathMatching
from blanko.records.registry.operations import TAKE_IN_LOCK, ReasonMissing, write_deaths
from blanko.records.registry.queries import UnknownRecord
from blanko.records.registry.rules import DeathMatch, match_death, match_death_plainly, says_the_same

AT_ONCE: Final = 5_000
"""Papers that a load matches in its own transaction; the rest wait for the next load or the night."""
SHOWN: Final = 6
SAID: Final = ("nik", "name", "birth_place", "birth_date", "sex", "mother_name", "address", "village_code")
Key = tuple[str, str]
Paper = tuple[str, str]


class UnknownPaper(BlankoError, LookupError):
    """No file brought a paper about a death with this office and number."""


class PaperAnswered(BlankoError):
    """Somebody has said whom this paper means, or nobody has."""


class _Found(NamedTuple):
    outcome: DeathMatch
    person: int | None
    records: list[str]
    weight: float | None
    model: int | None


@dataclass(frozen=True, slots=True)
class Matched:
    """Papers that were looked at, by what they came to, and those that still wait. ``deaths``: reports written."""

    sure: int = 0
    uncertain: int = 0
    somebody_else: int = 0
    nobody: int = 0
    waiting: int = 0
    deaths: int = 0
    lifted: int = 0
    event: int | None = None
    persons: frozenset[int] = frozenset()


def match(*, by: str, at: datetime, most: int = AT_ONCE, again: bool = False) -> Matched:
    """Match up to ``most`` papers that nobody looked at in their newest version, and ``again`` those that meant nobody.

    Idempotent: without a new paper, or new records for one that is looked at again, it writes nothing. With an adopted
    model the paper is compared as an applicant at the counter is; without one, or while records of its NIK have no
    keys, by the NIK and what else it says (``rules.says_the_same``). A version that an officer answered is left alone.
    """
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
        papers = _waiting(cursor, again=again, most=most)
        looked = [(paper, _look(cursor, paper)) for paper in papers]
        changed = [(paper, found) for paper, found in looked if not _as_before(paper, found)]
        if not changed:
            return Matched(waiting=_count(cursor))
        counts = {word: sum(found.outcome is word for _, found in changed) for word in DeathMatch}
        reports = [(paper, _lead(cursor, found.person)) for paper, found in changed if found.person is not None]
        lifted = [(paper, found.person, {_key(text) for text in found.records}) for paper, found in changed]
        persons = _stage(cursor, reports, lifted)
        event, deaths, gone = write_deaths(cursor, operation="registry.match_deaths", by=by, at=at)
        if event is None:
            event = audit.record(
                operation="registry.match_deaths", by=by, at=at, facts=Facts.none(),
                subject={str(word): count for word, count in counts.items() if count},
            )  # fmt: skip
        for paper, found in changed:
            DeathMatching.objects.update_or_create(
                office=paper["office"], document_no=paper["document_no"],
                defaults={
                    "version": paper["version"], "outcome": str(found.outcome), "person_id": found.person,
                    "records": found.records, "weight": found.weight, "model": found.model, "event_id": event,
                },
            )  # fmt: skip
        return Matched(
            counts[DeathMatch.SURE], counts[DeathMatch.UNCERTAIN], counts[DeathMatch.SOMEBODY_ELSE],
            counts[DeathMatch.NOBODY], _count(cursor), deaths, gone, event, persons,
        )  # fmt: skip


def answer(
    *, paper: Paper, version: int, record: Key | None, reason: str, by: str, at: datetime
) -> tuple[list[list[str]], frozenset[int]]:
    """An officer says whom a paper means: the person of ``record``, whose card is suspended, or nobody (None).

    What an earlier version of it did to somebody else is lifted. Returns what ``take_back`` needs, and the persons
    concerned. Raises ReasonMissing, UnknownPaper, UnknownRecord, PaperAnswered.
    """
    with atomic(), connection.cursor() as cursor:
        held = _paper(cursor, paper, version, reason)
        if (last := _answered(paper, version)) is not None and last.stands:
            raise PaperAnswered("somebody has said whom this paper means", mend="take that back first")
        if record is not None:
            cursor.execute(
                "SELECT person_id FROM registry_record WHERE recorded_office = %s AND record_id = %s AND NOT withdrawn",
                list(record),
            )
            if (found := cursor.fetchone()) is None:
                raise UnknownRecord(
                    "there is no record {office}/{record_id}", mend="choose a record of the case",
                    office=record[0], record_id=record[1],
                )  # fmt: skip
        reports = [] if record is None else [(held, (*record, found[0]))]
        before = _standing(cursor, paper)
        persons = _stage(cursor, reports, [(held, reports[0][1][2] if reports else None, set())])
        _say(held, stands=True, record=record or ("", ""), reason=reason, by=by, at=at)
        write_deaths(cursor, operation="registry.match_deaths", by=by, at=at)
        stands = {row[0] for row in _standing(cursor, paper)}
        lifted = [[*key, died.isoformat()] for key, died, _person, _under in before if key not in stands]
        return lifted, persons


def take_back(
    *, paper: Paper, version: int, lifted: Iterable[list[str]], reason: str, by: str, at: datetime
) -> frozenset[int]:
    """Take an answer back: the person it meant is not dead by this paper, whom it had freed is again (``lifted``, from
    ``answer``). Returns the persons concerned. Raises ReasonMissing, UnknownPaper, PaperAnswered (nobody answered).
    """
    with atomic(), connection.cursor() as cursor:
        held = _paper(cursor, paper, version, reason)
        last = _answered(paper, version)
        if last is None or not last.stands:
            raise PaperAnswered("nobody has said whom this paper means", mend="look it up")
        again = []
        for office, record, died in lifted:
            cursor.execute(
                "SELECT person_id FROM registry_record WHERE recorded_office = %s AND record_id = %s", [office, record]
            )
            again.append(({**held, "died_on": date.fromisoformat(died)}, (office, record, cursor.fetchone()[0])))
        keep = {(office, record) for office, record, _died in lifted}
        persons = _stage(cursor, again, [(held, None, keep)], reason=reason)
        _say(held, stands=False, record=(last.recorded_office, last.record_id), reason=reason, by=by, at=at)
        write_deaths(cursor, operation="registry.match_deaths", by=by, at=at)
        return persons


def paper(office: str, document_no: str) -> dict[str, Any]:
    """What a paper says in its newest version (SAID, died_on, reported_on, version) and what it came to.

    Raises UnknownPaper.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM registry_death_paper WHERE office = %s AND document_no = %s", [office, document_no]
        )
        row = cursor.fetchone()
        if row is None:
            raise UnknownPaper(
                "there is no paper {document_no} of {office}", mend="load the file of deaths first",
                office=office, document_no=document_no,
            )  # fmt: skip
        return dict(zip([column.name for column in cursor.description], row, strict=True))


def weights(said: Mapping[str, Any], record: Key) -> list[checking.Part]:
    """What each field of a paper adds for or against one record; nothing without a model or without a shared key."""
    if adopting.newest() is None or not said["name"]:
        return []
    found = checking.check(_applicant(said)).candidates
    return [part for each in found if (each.recorded_office, each.record_id) == record for part in each.parts]


def _applicant(said: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: None if said[name] is None else str(said[name]) for name in SAID}


def _waiting(cursor: Any, *, again: bool, most: int) -> list[dict[str, Any]]:
    cursor.execute(
        f"SELECT d.office, d.document_no, d.version, d.died_on, {', '.join(f'd.{name}' for name in SAID)},"
        " m.version AS held_version, m.outcome AS held_outcome, m.person_id AS held_person, m.records AS held_records"
        f" {_NAMED} AND (m.version IS DISTINCT FROM d.version OR %(again)s AND m.outcome = 'nobody')"
        " ORDER BY d.office, d.document_no LIMIT %(most)s",
        {"again": again, "most": most},
    )
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# Papers with a name, of which neither the record is named nor an officer has said whom they mean.
_NAMED: Final = (
    "FROM intake_death_latest AS d"
    " LEFT JOIN registry_death_match AS m ON m.office = d.office AND m.document_no = d.document_no"
    " WHERE d.name IS NOT NULL AND NOT EXISTS (SELECT FROM registry_record AS r"
    "  WHERE r.record_id = d.record_id AND r.recorded_office = coalesce(d.recorded_office, d.office))"
    " AND NOT coalesce((SELECT a.stands FROM registry_death_answer AS a WHERE a.office = d.office"
    "  AND a.document_no = d.document_no AND a.version = d.version ORDER BY a.seq DESC LIMIT 1), false)"
)


def _count(cursor: Any) -> int:
    cursor.execute(f"SELECT count(*) {_NAMED} AND m.version IS DISTINCT FROM d.version")
    return int(cursor.fetchone()[0])


def _look(cursor: Any, said: Mapping[str, Any]) -> _Found:
    """Whom a paper means, by the engine of linkage where it can, else plainly."""
    carriers: dict[int, dict[str, Any]] = {}
    unkeyed = False
    if said["nik"]:
        cursor.execute(
            "SELECT r.person_id, r.name, r.birth_date, r.sex, k.rec IS NULL FROM registry_record AS r"
            " LEFT JOIN registry_keyed AS k ON k.recorded_office = r.recorded_office AND k.record_id = r.record_id"
            " WHERE r.nik = %s AND NOT r.withdrawn ORDER BY r.recorded_office, r.record_id LIMIT 100",
            [said["nik"]],
        )
        for person, name, born, sex, without in cursor.fetchall():
            carriers.setdefault(person, {"name": name, "birth_date": born, "sex": sex})
            unkeyed |= without
    model = adopting.newest()
    if model is None or unkeyed:
        agreeing = {person: says_the_same(said, held) for person, held in carriers.items()}
        outcome, person = match_death_plainly(agreeing)
        return _Found(outcome, person, _leads(cursor, list(carriers)), None, None)
    made = checking.check(_applicant(said))
    weight = made.candidates[0].weight if made.candidates else None
    outcome, person = match_death(carriers=frozenset(carriers), answer=made.answer, same=made.person_id, weight=weight)
    likely = [each.person_id for each in made.candidates if each.decided != "apart"]
    return _Found(outcome, person, _leads(cursor, list(dict.fromkeys([*likely, *carriers]))), weight, made.model)


def _as_before(held: Mapping[str, Any], found: _Found) -> bool:
    return (held["held_version"], held["held_outcome"], held["held_person"], held["held_records"]) == (
        held["version"], str(found.outcome), found.person, found.records,
    )  # fmt: skip


def _leads(cursor: Any, persons: list[int]) -> list[str]:
    """The record of each person that carries the card, as office/record; the likeliest first."""
    found = [_lead(cursor, person) for person in persons[:SHOWN]]
    return [f"{office}/{record}" for office, record, _person in found]


def _key(text: str) -> Key:
    office, _slash, record = text.partition("/")
    return office, record


def _lead(cursor: Any, person: int) -> tuple[str, str, int]:
    cursor.execute(
        "SELECT recorded_office, record_id, person_id FROM registry_record WHERE person_id = %s AND is_lead", [person]
    )
    office, record, number = cursor.fetchone()
    return office, record, int(number)


def _standing(cursor: Any, paper: Paper) -> list[tuple[Key, date, int, int]]:
    """Whom this paper makes dead, as things stand: (record, day of death, person today, id at the report)."""
    cursor.execute(
        "SELECT h.recorded_office, h.record_id, h.died_on, r.person_id, h.person_id"
        " FROM (SELECT DISTINCT ON (person_id) * FROM registry_death"
        "   WHERE source = 'file' AND office = %s AND document_no = %s ORDER BY person_id, seq DESC) AS h"
        " JOIN registry_record AS r ON r.recorded_office = h.recorded_office AND r.record_id = h.record_id"
        " WHERE h.stands AND NOT EXISTS (SELECT FROM registry_death AS o WHERE o.person_id = h.person_id"
        "   AND o.seq > h.seq AND o.source = 'officer' AND NOT o.stands) ORDER BY 1, 2",
        list(paper),
    )
    return [((office, record), died, person, under) for office, record, died, person, under in cursor.fetchall()]


def _stage(
    cursor: Any,
    reports: Sequence[tuple[Mapping[str, Any], tuple[str, str, int]]],
    lifted: Sequence[tuple[Mapping[str, Any], int | None, set[Key]]],
    *,
    reason: str = "",
) -> frozenset[int]:
    """Fill registry_death_found and registry_death_lifted: what papers report, and which of their earlier reports no
    longer hold: those of other persons than the one meant, but not of records that they may still mean.
    """
    for table in ("registry_death_found", "registry_death_lifted"):
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
    cursor.execute(
        'CREATE TEMP TABLE registry_death_found (source text COLLATE "C", office text COLLATE "C", document_no text,'
        ' died_on date, of_office text COLLATE "C", of_record text COLLATE "C", person_id bigint) ON COMMIT DROP'
    )
    cursor.execute(
        'CREATE TEMP TABLE registry_death_lifted (person_id bigint, recorded_office text COLLATE "C",'
        ' record_id text COLLATE "C", died_on date, source text COLLATE "C", office text COLLATE "C",'
        " document_no text, reason text) ON COMMIT DROP"
    )
    persons: set[int] = set()
    for said, (office, record, person) in reports:
        persons.add(person)
        cursor.execute(
            "INSERT INTO registry_death_found VALUES ('file', %s, %s, %s, %s, %s, %s)",
            [said["office"], said["document_no"], said["died_on"], office, record, person],
        )
    for said, meant, maybe in lifted:
        number = said["document_no"]
        says = reason or f"document {number} of {said['office']} now names somebody else"
        for key, died, held, under in _standing(cursor, (said["office"], number)):
            if held != meant and key not in maybe:
                persons.add(held)
                cursor.execute(
                    "INSERT INTO registry_death_lifted VALUES (%s, %s, %s, %s, 'file', %s, %s, %s)",
                    [under, *key, died, said["office"], number, says],
                )
    return frozenset(persons)


def _paper(cursor: Any, paper: Paper, version: int, reason: str) -> dict[str, Any]:
    if not reason.strip():
        raise ReasonMissing("a death is judged without a reason", mend="say who came and what was shown")
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
    cursor.execute(
        "SELECT office, document_no, version, died_on FROM intake_death_latest WHERE office = %s AND document_no = %s",
        list(paper),
    )
    row = cursor.fetchone()
    if row is None or row[2] != version:
        raise UnknownPaper(
            "there is no paper {document_no} of {office} in this version", mend="look for cases again",
            office=paper[0], document_no=paper[1],
        )  # fmt: skip
    return dict(zip(("office", "document_no", "version", "died_on"), row, strict=True))


def _answered(paper: Paper, version: int) -> DeathAnswer | None:
    return DeathAnswer.objects.filter(office=paper[0], document_no=paper[1], version=version).order_by("-seq").first()


def _say(held: Mapping[str, Any], *, stands: bool, record: Key, reason: str, by: str, at: datetime) -> None:
    last = _answered((held["office"], held["document_no"]), held["version"])
    row = {
        "office": held["office"], "document_no": held["document_no"], "version": held["version"],
        "seq": 1 + (last.seq if last else 0), "stands": stands, "recorded_office": record[0], "record_id": record[1],
        "reason": reason.strip(),
    }  # fmt: skip
    event = audit.record(
        operation="registry.answer_death", by=by, at=at, facts=Facts.of({"registry_death_answer": [row]}),
        reason=reason.strip(), subject={"paper": f"{held['office']}/{held['document_no']}"},
    )  # fmt: skip
    DeathAnswer.objects.create(event_id=event, **row)
