"""Counting, sampling and destroying through the API, from the first call to the last."""

from __future__ import annotations

import json
from itertools import count

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

NUMBERS = count(1)
TERMS = ("in_hand", "in_transit", "quarantined", "personalised", "issued", "spoiled", "destroyed", "missing")

pytestmark = pytest.mark.database


@pytest.fixture
def program(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


def send(program, address, body, by="kepala.pusat"):
    answer = program.post(
        "/api" + address, json.dumps(body), content_type="application/json", headers={"X-Blanko-Officer": by}
    )
    return answer.status_code, answer.json()


def done(program, address, body, by="kepala.pusat"):
    status, answer = send(program, address, body, by)
    assert status in (200, 201), answer
    return answer


def refused(program, address, body, by="kepala.pusat"):
    status, answer = send(program, address, body, by)
    assert status in (404, 422), answer
    return answer["type"].removeprefix("urn:blanko:problem:")


def get(program, address):
    answer = program.get("/api" + address)
    return answer.status_code, answer.json()


def key():
    return {"device": "test/count", "sequence": next(NUMBERS)}


def sealed_at(program, office):
    """The sealed boxes of an office, from its ways in: what a counter would find there."""
    from blanko.cards.custody import queries

    return [str(line.box) for line in queries.boxes_at(office)]


@pytest.fixture(scope="module")
def place(replayed):
    """An office with several sealed boxes and nothing opened, so that its blanks can be counted as boxes."""
    from blanko.cards.custody import queries

    held = queries.holdings()
    return next(
        office
        for office, found in sorted(held.items())
        if (found.whole_boxes or 0) >= 3 and not found.opened and office != "00"
    )


def test_a_count_goes_from_blind_to_decided_and_its_loss_is_named(program, place):
    boxes = sealed_at(program, place)
    counted = done(program, "/counting/counts", {"office": place, "reason": "monthly", **key()})
    address = f"/counting/counts/{counted['count'].replace('/', '~')}"
    assert refused(program, "/counting/counts", {"office": place, "reason": "again", **key()}) == "count_is_open"
    rows = [{"seen": box} for box in boxes[1:]]
    status, malformed = send(
        program, f"{address}/sheets", {"rows": [*rows, {"seen": "???"}, {"seen": boxes[1], "condition": "rusak"}]}
    )
    assert (status, malformed["type"]) == (422, "urn:blanko:problem:malformed_count")
    assert [error["where"][:2] for error in malformed["errors"]] == [["row", len(rows) + 1], ["row", len(rows) + 2]]
    assert all(error["mend"] for error in malformed["errors"])
    first = done(program, f"{address}/sheets", {"rows": rows}, by=f"operator.{place}")
    assert first["status"] == "recount"
    for blind in (counted, first, get(program, address)[1], *get(program, f"/counting/counts?office={place}")[1]):
        assert not any(box in json.dumps(blind) for box in boxes)
    assert get(program, f"{address}/differences")[0] == 422
    assert refused(program, f"{address}/sheets", {"rows": []}, by=f"operator.{place}") == "same_counter"
    assert done(program, f"{address}/sheets", {"rows": rows}, by="operator.18")["status"] == "to_decide"
    (difference,) = get(program, f"{address}/differences")[1]
    assert (difference["now"], difference["seen"]) == ("good", "")
    decision = {"approve": True, "reason": "stolen, LP/12/V"}
    assert refused(program, f"{address}/decision", decision, by="operator.18") == "counted_yourself"
    ended = done(program, f"{address}/decision", decision)
    assert ended["status"] == "corrected"
    assert get(program, f"/custody/way/{boxes[0]}")[1][-1]["kind"] == "loss"
    assert refused(program, f"{address}/decision", decision) == "count_ended"
    run = done(program, "/counting/reconciles", {"scope": place})
    assert run["missing"] == difference["last"]
    assert run["received"] == sum(run[term] for term in TERMS)
    assert not [line for line in run["lines"] if line["source"] in ("book", "balance", "lot")]


def test_a_count_is_abandoned_with_a_reason(program):
    counted = done(program, "/counting/counts", {"office": "9171", "reason": "monthly", **key()})
    address = f"/counting/counts/{counted['count'].replace('/', '~')}/abandon"
    assert refused(program, address, {"reason": " "}) == "reason_missing"
    assert done(program, address, {"reason": "the office burned"})["status"] == "abandoned"


def test_the_nightly_run_holds_for_every_node_of_the_replay(program):
    run = done(program, "/counting/reconciles", {"nodes": True})
    assert len(run["nodes"]) > 34
    assert run["received"] == sum(node["received"] for node in run["nodes"] if len(node["scope"]) == 2)
    assert [line for line in run["lines"] if line["source"] in ("book", "balance", "lot")] == []
    assert get(program, f"/counting/reconciles/{run['number']}")[1] == run
    assert refused(program, "/counting/reconciles", {"scope": "99"}) == "invalid_value"


def test_a_sample_is_drawn_counted_and_stops(program, place):
    boxes = sealed_at(program, place)
    asked = {"office": place, "seed": "31415926", "risk": "0.2", "loss": "0.2", **key()}
    drawn = done(program, "/counting/samples", asked)
    assert (drawn["state"], drawn["blanks"]) == ("undecided", None)
    address = f"/counting/samples/{drawn['sample'].replace('/', '~')}"
    counted = done(program, f"{address}/count", {"reason": "sample", **key()})
    assert sorted(f"{series}-{number:06d}" for series, number in counted["boxes"]) == sorted(drawn["next"])
    sheet = {"rows": [{"seen": box} for box in drawn["next"] if box in boxes]}
    name = counted["count"].replace("/", "~")
    assert done(program, f"/counting/counts/{name}/sheets", sheet, by=f"operator.{place}")["status"] == "matched"
    assert done(program, f"{address}/results", {"count": counted["count"]})["state"] == "proven"
    assert refused(program, f"{address}/results", {"missing": {"PB17-999999": 0}}) == "sample_refused"
    assert refused(program, "/counting/samples", {**asked, "risk": "much"}) == "invalid_value"


def test_spoiled_blanks_are_destroyed_before_witnesses_unless_they_are_held(program, place):
    box = sealed_at(program, place)[-1]
    opened = {"office": place, "box": box, **key()}
    done(program, "/custody/openings", opened, by=f"operator.{place}")
    spoiling = {"kind": "spoilage", "after": "spoiled", "office": place, "reason": "water", **key()}
    spoiling["blanks"] = [f"{box}-{n:04d}" for n in (1, 2, 3)]
    done(program, "/custody/changes", spoiling, by=f"operator.{place}")
    (piece,) = get(program, f"/destruction/spoiled?office={place}")[1]
    assert (piece["first"], piece["last"], piece["reason"], piece["batch"]) == (1, 3, "water", "")
    card = {"number": f"KL-{next(NUMBERS)}", "office": place, "reason": "replaced"}
    assert done(program, "/destruction/old-cards", card)["is_new"]
    assert not done(program, "/destruction/old-cards", card)["is_new"]
    asked = {"office": place, "everything": True, "method": "burned", "place": "Halaman", **key()}
    batch = done(program, "/destruction/batches", asked)
    assert (batch["blanks"], batch["old_cards"], batch["state"]) == (3, 1, "assembled")
    address = f"/destruction/batches/{batch['batch'].replace('/', '~')}"
    sari = {"name": "Ipda Sari", "body": "Polres", "identity": "NRP 1"}
    done(program, f"{address}/witnesses", sari)
    end = {"paper_no": f"BA/{place}", "counted_blanks": 3, "counted_cards": 1}
    assert refused(program, f"{address}/destroy", end) == "witnesses_missing"
    done(program, f"{address}/witnesses", {"name": "Budi", "body": "Inspektorat", "identity": "NIP 2"})
    assert refused(program, f"{address}/destroy", end) == "photograph_missing"
    photo = SimpleUploadedFile("fire.jpg", b"\xff\xd8\xff\xe0fire")
    assert program.post(f"/api{address}/photos", {"file": photo}).status_code == 201
    held = {"target": "office", "what": place, "reason": "evidence", "second": f"kepala.{place}", **key()}
    assert refused(program, "/destruction/holds", {**held, "second": "kepala.pusat"}) == "two_officers_needed"
    hold = done(program, "/destruction/holds", held)["hold"]
    assert refused(program, f"{address}/destroy", end) == "held"
    lift = f"/destruction/holds/{hold.replace('/', '~')}/lift"
    done(program, lift, {"reason": "case closed", "second": f"kepala.{place}"})
    ended = done(program, f"{address}/destroy", end)
    assert (ended["state"], ended["ranges"]) == ("destroyed", [f"{box}-0001..0003"])
    assert program.get(f"/api{address}/berita-acara.pdf").content.startswith(b"%PDF")
    assert refused(program, f"{address}/cancel", {"reason": "late"}) == "batch_ended"
