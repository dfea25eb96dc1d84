"""How fast a serial, a chip and a box are traced among 20 million blanks and 5 million rows of the journal."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from blanko.doors.cli.own_home import own_home

LOTS, BOXES_OF_LOT, SIZE, PRINTS = 4, 10_000, 500, 39
TRACES, WARM = 2_000, 300

# Rows as custody's operations would have written them, set-based: a lot arrives, each box is sent, taken over and opened,
# and 39 times 12 of its blanks are printed. Triggers rest meanwhile; only reading is measured.
FILL = (
    "SET session_replication_role = replica",
    """INSERT INTO custody_movement (movement, device, sequence, kind, condition_before, condition_after, from_office, to_office,
           regency, quantity, lot, return_of, papers, digest, by, at, event_id)
       SELECT 'lot/T-' || lot || ':1', 'lot/T-' || lot, 1, 'receipt', '', 'good', '', '00', '', {boxes} * {size}, 'T-' || lot, '',
              '{{}}', '', 'gudang.pusat', timestamptz '2017-03-01 08:00+07', 1
       FROM generate_series(1, {lots}) AS lot""",
    """INSERT INTO custody_box (series, box_no, size, lot, received_on, state, regency, event_id)
       SELECT 'T' || lot, box, {size}, 'T-' || lot, date '2017-03-01', 'opened', '', 1
       FROM generate_series(1, {lots}) AS lot, generate_series(1, {boxes}) AS box""",
    """INSERT INTO custody_movement_line (movement, series, box_no, first, last, event_id)
       SELECT 'lot/T-' || lot || ':1', 'T' || lot, box, 1, {size}, 1
       FROM generate_series(1, {lots}) AS lot, generate_series(1, {boxes}) AS box""",
    """CREATE TEMPORARY TABLE step AS
       SELECT lot, box, n, CASE n WHEN 1 THEN 'dispatch' WHEN 2 THEN 'opening' ELSE 'personalisation' END AS kind,
              format('T%s/%s', lot, n) AS device, (1101 + (box * 7) %% 23)::text AS office,
              timestamptz '2017-03-02 09:00+07' + n * interval '1 day' + box * interval '1 second' AS at
       FROM generate_series(1, {lots}) AS lot, generate_series(1, {boxes}) AS box, generate_series(1, {prints} + 2) AS n""",
    """INSERT INTO custody_movement (movement, device, sequence, kind, condition_before, condition_after, from_office, to_office,
           regency, quantity, lot, return_of, papers, digest, by, at, event_id)
       SELECT device || ':' || box, device, box, kind, 'good', CASE WHEN n > 2 THEN 'personalised' ELSE 'good' END,
              CASE n WHEN 1 THEN '00' ELSE office END, office, office, CASE WHEN n > 2 THEN 12 ELSE {size} END, '', '', '{{}}',
              '', CASE n WHEN 1 THEN 'gudang.pusat' ELSE 'operator.' || office END, at, lot * 100 + n FROM step""",
    """INSERT INTO custody_movement_line (movement, series, box_no, first, last, event_id)
       SELECT device || ':' || box, 'T' || lot, box, CASE WHEN n > 2 THEN (n - 3) * 12 + 1 ELSE 1 END,
              CASE WHEN n > 2 THEN (n - 2) * 12 ELSE {size} END, lot * 100 + n FROM step""",
    """INSERT INTO custody_movement_phase (movement, phase, by, begun_by, is_begin, reason, papers, at, event_id)
       SELECT movement, CASE kind WHEN 'dispatch' THEN 'pending' ELSE 'posted' END, by, by, true, '', '{{}}', at, event_id
       FROM custody_movement""",
    """INSERT INTO custody_movement_phase (movement, phase, by, begun_by, is_begin, reason, papers, at, event_id)
       SELECT movement, 'posted', 'operator.' || to_office, by, false, '', '{{}}', at + interval '3 hours', event_id
       FROM custody_movement WHERE kind = 'dispatch'""",
    """INSERT INTO custody_range (series, box_no, box_state, first, last, condition, office, regency, event_id)
       SELECT 'T' || lot, box, 'opened', part.first, part.last, part.condition, office, office, 1
       FROM step, (VALUES (1, {prints} * 12, 'personalised'), ({prints} * 12 + 1, {size}, 'good')) AS part (first, last, condition)
       WHERE n = 1""",
    "SET session_replication_role = origin",
)
# Chips in no order, as they come from a maker: one part for each lot, indexed when it is whole.
CHIPS = (
    "INSERT INTO custody_uid_part (number, lot_no) SELECT lot, 'T-' || lot FROM generate_series(1, {lots}) AS lot",
    """INSERT INTO custody_manifest (lot_no, {manifest_columns}) SELECT 'T-' || lot, {manifest_values}
       FROM generate_series(1, {lots}) AS lot""",
    """INSERT INTO custody_manifest_box (lot_no, {box_columns}) SELECT 'T-' || lot, {box_values}
       FROM generate_series(1, {lots}) AS lot, generate_series(1, {boxes}) AS box""",
)
CHIP = "(7::bigint << 56) | ((({lot} * {boxes} + box) * {size} + position) * 2654435761) %% (1::bigint << 52)"


def run() -> list[dict[str, Any]]:
    """Fill a home of its own, then trace as the app does, one at a time."""
    own_home()
    from blanko.ready import make_ready

    make_ready()
    from blanko.cards.custody import tracing

    start = perf_counter()
    blanks, rows, chips = _fill()
    filled = perf_counter() - start
    draw = random.Random(2017)

    def serial() -> str:
        lot, box = draw.randint(1, LOTS), draw.randint(1, BOXES_OF_LOT)
        return f"T{lot}-{box:06d}-{draw.randint(1, SIZE):04d}"

    found = [
        {
            "job": "blanks in the book",
            "value": blanks,
            "unit": "blanks",
            "target": "20,000,000",
            "met": blanks >= 20_000_000,
            "peer": None,
        },
        {
            "job": "rows of the journal",
            "value": rows,
            "unit": "rows",
            "target": "5,000,000",
            "met": rows >= 5_000_000,
            "peer": None,
        },
        {"job": "chips in the manifests", "value": chips, "unit": "chips", "target": None, "met": None, "peer": None},
        {"job": "filled set-based", "value": round(filled, 1), "unit": "s", "target": None, "met": None, "peer": None},
    ]
    found += _rows("trace a serial", tracing.trace, [serial() for _ in range(TRACES + WARM)])
    if chips:
        found += _rows("trace a chip by its UID", tracing.trace, _some_chips(draw))
    found += _rows(
        "trace a box (41 movements)", tracing.trace, [serial()[:-5] for _ in range(TRACES + WARM)], target=None
    )
    seized = [serial() for _ in range(1_000)]
    start = perf_counter()
    tracing.seized(seized)
    found.append(
        {
            "job": "trace and group a seized list of 1,000",
            "value": round(perf_counter() - start, 2),
            "unit": "s",
            "target": None,
            "met": None,
            "peer": None,
        }
    )
    return [*found, _reconciled()]


def _reconciled() -> dict[str, Any]:
    """One national reconcile with every province and office, stored and sealed; balances are not filled here."""
    from datetime import UTC, datetime

    from blanko.cards.counting import reconciling
    from blanko.cards.counting.balance import Source
    from blanko.ground.access.acting import acting

    start = perf_counter()
    with acting(principal="svc.custody"):
        done = reconciling.reconcile(by="svc.custody", at=datetime.now(UTC), nodes=True)
    seconds = perf_counter() - start
    right = done.sheet.closes and not any(found.source is Source.BOOK for found in done.differences)
    return {
        "job": "national reconcile, journal against boxes and ranges", "value": round(seconds, 2), "unit": "s",
        "target": "at most 5 s, the equation closes", "met": seconds <= 5 and right, "peer": None,
    }  # fmt: skip


def _rows(
    job: str, call: Callable[[str], object], identifiers: Sequence[str], *, target: float | None = 5.0
) -> list[dict[str, Any]]:
    took = []
    for identifier in identifiers:
        start = perf_counter()
        call(identifier)
        took.append((perf_counter() - start) * 1000)
    took = sorted(took[WARM:])
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    return [
        {"job": f"{job}, p50", "value": round(p50, 2), "unit": "ms", "target": None, "met": None, "peer": None},
        {
            "job": f"{job}, p99", "value": round(p99, 2), "unit": "ms",
            "target": None if target is None else f"at most {target:g} ms", "met": None if target is None else p99 <= target,
            "peer": None,
        },
    ]  # fmt: skip


def _fill() -> tuple[int, int, int]:
    """Blanks, journal rows and chips that are there afterwards."""
    import psycopg

    from blanko.ground.database import cluster

    given: dict[str, Any] = {"lots": LOTS, "boxes": BOXES_OF_LOT, "size": SIZE, "prints": PRINTS}
    with psycopg.connect(cluster.ensure_running().admin_url("blanko"), autocommit=True) as admin:
        for statement in FILL:
            admin.execute(statement.format(**given).replace("%%", "%"))
        _fill_chips(admin, given)
        admin.execute("VACUUM ANALYZE")
        row = admin.execute(
            "SELECT (SELECT sum(size) FROM custody_box), (SELECT count(*) FROM custody_movement)"
            " + (SELECT count(*) FROM custody_movement_line) + (SELECT count(*) FROM custody_movement_phase),"
            " (SELECT count(*) FROM custody_uid)"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def _fill_chips(admin: Any, given: dict[str, Any]) -> None:
    """Every blank's chip, a part for each lot."""
    admin.execute("SET session_replication_role = replica")
    columns: dict[str, dict[str, Any]] = {"custody_manifest": {}, "custody_manifest_box": {}}
    for table, values in columns.items():
        for name, kind in admin.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND is_nullable = 'NO'"
            " AND column_default IS NULL AND is_identity = 'NO' AND column_name <> 'lot_no'", [table],
        ).fetchall():  # fmt: skip
            values[name] = _filler(name, kind)
    for statement in CHIPS:
        admin.execute(
            statement.format(
                manifest_columns=", ".join(columns["custody_manifest"]),
                manifest_values=", ".join(columns["custody_manifest"].values()),
                box_columns=", ".join(columns["custody_manifest_box"]),
                box_values=", ".join(columns["custody_manifest_box"].values()),
                **given,
            )  # fmt: skip
        )
    for lot in range(1, LOTS + 1):
        uid = CHIP.format(lot=lot, **given).replace("%%", "%")
        admin.execute(
            f"CREATE TABLE custody_uid_{lot} (uid bigint NOT NULL, part int NOT NULL DEFAULT {lot} CHECK (part = {lot}), box_no int NOT NULL, position smallint NOT NULL)"
        )
        admin.execute(
            f"INSERT INTO custody_uid_{lot} (uid, box_no, position) SELECT {uid}, box, position FROM generate_series(1, {BOXES_OF_LOT}) AS box, generate_series(1, {SIZE}) AS position"
        )
        admin.execute(f"CREATE INDEX ON custody_uid_{lot} (uid)")
        admin.execute(f"CREATE INDEX ON custody_uid_{lot} ((box_no * 10000::bigint + position))")
        admin.execute(f"ALTER TABLE custody_uid ATTACH PARTITION custody_uid_{lot} FOR VALUES IN ({lot})")
        admin.execute(f"ALTER TABLE custody_uid_{lot} OWNER TO blanko_owner")
    admin.execute("SET session_replication_role = origin")


def _filler(name: str, kind: str) -> str:
    """A value for a column of the manifests that tracing does not read."""
    known = {"series": "'T' || lot", "box_no": "box", "first_box": "1"}
    if name in known:
        return known[name]
    if "time" in kind:
        return "timestamptz '2017-03-01 08:00+07'"
    if kind in ("integer", "bigint", "smallint"):
        return "1"
    if kind == "boolean":
        return "true"
    return {"bytea": "''::bytea", "jsonb": "'{}'::jsonb", "date": "date '2017-03-01'"}.get(kind, "''")


def _some_chips(draw: random.Random) -> list[str]:
    from blanko.cards.custody.uids import uid_text

    found = []
    for _ in range(TRACES + WARM):
        lot, box, position = draw.randint(1, LOTS), draw.randint(1, BOXES_OF_LOT), draw.randint(1, SIZE)
        found.append(uid_text((7 << 56) | ((lot * BOXES_OF_LOT + box) * SIZE + position) * 2654435761 % (1 << 52)))
    return found
