"""What leaves and what arrives is scanned; each difference is shown with who answers, and somebody else ends it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from blanko.cards.custody import queries
from blanko.doors.web.sankey import HEIGHT, sankey

pytestmark = pytest.mark.database


@pytest.fixture
def clerk(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client(headers={"accept-language": "en"})


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_consignment_is_sent_taken_over_and_its_discrepancy_resolved(clerk, act):
    first, second, third = queries.oldest_boxes("1871", 3)
    way = {
        "from_office": "1871", "to_office": "1872", "carrier": "Dinas Dukcapil Metro", "answerable": "operator.1872",
        "due": "2099-01-01T12:00", "seals": "77 78", "assignment_no": "ST/7", "identity_checked": "KTP-el",
    }  # fmt: skip
    unsigned = clerk.post("/custody/dispatch", {**way, "scans": str(first.box)})
    assert unsigned.status_code == 422
    assert "obody was chosen to act" in text_of(unsigned)
    assert 'name="scans"' not in text_of(clerk.get("/custody/dispatch?from=1871"))
    act(clerk, "operator.1871")
    sent = clerk.post("/custody/dispatch", {**way, "scans": f"{first.box}\n{second.box}\n", "loan": "1"})
    assert sent.status_code == 302, text_of(sent)
    address = sent.headers["location"]
    movement = address.partition("movement=")[2]
    page = text_of(clerk.get(address))
    assert "operator.1872 answers until" in page
    assert f'data-scan-expects="{first.box} {second.box}"' in page
    own = clerk.post("/custody/receive", {"movement": movement, "scans": str(first.box)})
    assert own.status_code == 422
    act(clerk, "operator.1872")
    done = clerk.post(
        "/custody/receive",
        {"movement": movement, "scans": f"{first.box}\n{third.box}", "broken_seal": str(first.box), "note": "torn"},
    )  # fmt: skip
    assert done.status_code == 302, text_of(done)
    page = text_of(clerk.get(address))
    for said in ("did not come", "seal broken", "not of this consignment", "It is settled"):
        assert said in page
    assert queries.places(str(second.box))[0]["condition"] == "missing"
    assert queries.places(str(first.box))[0]["condition"] == "quarantined"
    assert movement in text_of(clerk.get("/custody"))
    number = next(d["number"] for d in queries.discrepancies(movement=movement) if d["kind"] == "short")
    end = {"movement": movement, "number": number, "resolution": "written_off", "note": "police report"}
    assert clerk.post("/custody/resolve", end).status_code == 422
    act(clerk, "kepala.1872")
    assert clerk.post("/custody/resolve", {**end, "resolution": ""}).status_code == 422
    assert clerk.post("/custody/resolve", end).status_code == 302
    assert "written off" in text_of(clerk.get(address))


def test_the_flow_of_a_lot_keeps_every_blank():
    flows = [("a", "x", 60), ("a", "y", 40), ("x", "good", 50), ("x", "gone", 10), ("y", "good", 40), ("y", "zero", 0)]
    drawn = sankey([["a"], ["x", "y"], ["good", "gone", "zero"]], flows, {}, {"gone": "flow-warn"})
    assert {node.name: node.value for node in drawn.nodes} == {"a": 100, "x": 60, "y": 40, "good": 90, "gone": 10}
    for column in (["a"], ["x", "y"], ["good", "gone"]):
        bars = [node for node in drawn.nodes if node.name in column]
        assert sum(node.value for node in bars) == 100
        assert max(node.y + node.height for node in bars) <= HEIGHT + 0.01
    assert sum(band.value for band in drawn.bands) == 200
    assert sankey([["a"], ["x"]], [], {}, {}).nodes == []
