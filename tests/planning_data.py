"""A warehouse with sealed boxes, counts from files, and one regency that is loaded whole."""

import csv
from datetime import UTC, date, datetime

from blanko.cards.custody import operations as custody
from blanko.decisions.planning import operations as planning
from blanko.decisions.scenario.april_2017 import inputs
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer
from blanko.records.entitlement import operations as entitlement
from blanko.records.intake import operations as intake
from blanko.records.procurement import operations as procurement
from blanko.records.procurement.rules import Stage
from blanko.records.registry import operations as registry

AT = datetime(2017, 4, 4, 3, 0, tzinfo=UTC)
APRIL_4 = date(2017, 4, 4)
WHOLE = "1872"


def make_stock(*, boxes):
    with acting(principal="svc.procurement"):
        by = {"by": "svc.procurement", "at": AT}
        procurement.sign_contract(
            contract_no="C-1", supplier="a maker", signed_on=date(2017, 3, 20), quantity=7_000_000,
            unit_price_idr=11_750, total_idr=82_250_000_000, box_size=500, source="a test",
            deliveries=[(date(2017, 3, 27), 7_000_000)], **by,
        )  # fmt: skip
        procurement.announce_lot(
            lot_no="L-1", contract_no="C-1", series="PB17", first_box=1, box_count=boxes,
            announced_on=date(2017, 3, 20), **by,
        )  # fmt: skip
        for stage in Stage:
            if stage not in (Stage.ORDERED, Stage.ACCEPTED):
                procurement.advance_lot(lot_no="L-1", stage=stage, on=date(2017, 3, 27), **by)
        procurement.accept_lot(lot_no="L-1", bast_no="BAST-1", on=date(2017, 3, 28), **by)
    with acting(principal="svc.custody"):
        return custody.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)


def load_rows(tmp_path, name, rows):
    path = tmp_path / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with acting(principal="svc.intake"):
        loaded = intake.load(path=path, by="svc.intake", at=AT, data_dir=tmp_path / "data", rejects_dir=tmp_path)
    assert loaded.refused == 0, loaded
    return loaded


def count(
    area, value, *, metric="print_ready", kind="estimated", day=date(2017, 3, 29), known_on=None, source="a test"
):
    return {
        "area": area, "metric": metric, "value": value, "date": day, "denominator": "", "source": source, "kind": kind,
        "known_on": known_on or day,
    }  # fmt: skip


def load_counts(tmp_path):
    """An estimate of 1,000 for every regency, a report for Depok, requests of Depok and of the province of Jakarta."""
    rows = [count(regency.code, 1_000) for regency in gazetteer.regencies_2017()]
    rows += [
        count("3276", 5_100, metric="prr_unprinted", kind="observed", source="Depok's office"),
        count("3276", 140_000, metric="blanks_requested", kind="observed"),
        count("31", 500_000, metric="blanks_requested", kind="observed"),
        count("3273", 9_999, metric="prr_unprinted", kind="observed", day=APRIL_4, known_on=date(2017, 4, 20)),
    ]
    return load_rows(tmp_path, "counts.csv", rows)


def publish_deadlines():
    with acting(principal="planner.pusat"):
        rows = [{name: getattr(d, name) for name in d.__slots__} for d in inputs.deadlines()]
        return planning.publish_deadlines(deadlines=rows, by="planner.pusat", at=AT)


def load_whole_regency(tmp_path, *, print_ready, awaiting=2):
    """Registrations of one regency, 1:1, and its declaration that they are whole."""
    village = next(str(code) for code in gazetteer.village_codes() if str(code).startswith(WHOLE))
    rows = [
        {
            "record_id": f"R{n:04d}", "nik": f"{village[:6]}0101{80 + n % 10}{n:04d}", "name": f"Warga {n}",
            "birth_place": "Metro", "birth_date": f"19{80 + n % 10}-01-01", "sex": "L", "mother_name": "Ibu",
            "address": "Jalan Satu", "village_code": village, "recorded_on": "2016-10-01", "recorded_office": WHOLE,
            "status": "PRINT_READY_RECORD" if n < print_ready else "SENT_FOR_ENROLLMENT", "status_since": "2016-11-01",
        }
        for n in range(print_ready + awaiting)
    ]  # fmt: skip
    load_rows(tmp_path, f"registrations-{print_ready}.csv", rows)
    with acting(principal="svc.registry"):
        registry.take_in(by="svc.registry", at=AT)
        registry.declare_whole(regency=WHOLE, as_of=APRIL_4, reason="counted at the office", by="planner.pusat", at=AT)
        entitlement.refresh(as_of=APRIL_4, by="svc.registry", at=AT)
