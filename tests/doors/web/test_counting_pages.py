"""A count and a destruction by hand, in the browser's forms; the book is on no page of an open count."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as book
from blanko.cards.custody.rules import Condition, Key, Kind, Line
from blanko.ground.access.acting import acting

pytestmark = pytest.mark.database


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client(headers={"accept-language": "en"})


def act(reader, by):
    assert reader.post("/officer", {"officer": by}).status_code == 302


def post(reader, address, by="", **form):
    """What the form leads to in this officer's name: the name in the address, and the page."""
    act(reader, by)
    answer = reader.post(address, form)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    (name,) = next(iter(parse_qs(urlsplit(answer["Location"]).query).values()))
    return name, reader.get(answer["Location"]).content.decode()


def refusal(reader, address, by="", **form):
    act(reader, by)
    answer = reader.post(address, form)
    assert answer.status_code == 422
    return answer.content.decode()


def test_a_count_is_begun_scanned_counted_again_and_corrected(reader):
    held = book.holdings()
    offices = [code for code, found in sorted(held.items()) if (found.whole_boxes or 0) >= 3 and not found.opened]
    office = next(code for code in offices if code != "00")
    boxes = [str(line.box) for line in book.boxes_at(office)]
    assert "obody was chosen to act" in refusal(reader, "/custody/counts", office=office, reason="monthly")
    name, text = post(reader, "/custody/counts", office=office, reason="monthly", by="kepala.pusat")
    assert "somebody counts" in text
    assert not any(box in text for box in boxes)
    scans = "\n".join(boxes[1:])
    assert "nothing of it" not in refusal(
        reader, "/custody/counts", count=name, scans="nonsense", by=f"operator.{office}"
    )
    _name, text = post(reader, "/custody/counts", count=name, scans=scans, by=f"operator.{office}")
    assert "another person counts" in text
    assert not any(box in text for box in boxes)
    refusal(reader, "/custody/counts", count=name, scans=boxes[0], by=f"operator.{office}")
    _name, text = post(reader, "/custody/counts", count=name, scans=scans, by="operator.18")
    assert "a third person decides" in text
    assert boxes[0] in text
    refusal(reader, "/custody/counts", count=name, step="approve", reason="stolen", by="operator.18")
    _name, text = post(reader, "/custody/counts", count=name, step="approve", reason="stolen", by="kepala.pusat")
    assert "corrected" in text
    assert book.places(boxes[0])[0]["condition"] == "missing"
    _run, text = post(reader, "/custody/reconcile", scope=office)
    assert "Yes, for" in text


def test_spoiled_blanks_are_laid_aside_witnessed_and_destroyed(reader):
    office, at = "3171", timezone.now()
    line = next(Line(*row[:4]) for row in book.boxes_at(office))
    given = {"office": office, "by": f"operator.{office}", "at": at}
    with acting(principal="svc.custody"):
        custody.open_box(series=line.series, box_no=line.box_no, key=Key("test/pages", 1), **given)
        custody.change(
            kind=Kind.SPOILAGE, before=Condition.GOOD, after=Condition.SPOILED, lines=[line._replace(last=7)],
            key=Key("test/pages", 2), reason="water", **given,
        )  # fmt: skip
    serial = f"{line.box}-0001..0007"
    assert serial in reader.get(f"/destruction?office={office}").content.decode()
    lying = sum(piece["last"] - piece["first"] + 1 for piece in spoiled_at(office))
    form = {"office": office, "method": "burned", "place": "Halaman", "by": f"operator.{office}"}
    batch, text = post(reader, "/destruction", **form)
    assert serial in text
    signed = {"batch": batch, "by": f"operator.{office}"}
    for person, body in (("Sari", "Polres"), ("Budi", "Inspektorat")):
        post(reader, "/destruction", step="witness", name=person, body=body, identity="NRP 1", **signed)
    refusal(reader, "/destruction", step="destroy", paper_no="BA/P", blanks=str(lying), cards="0", **signed)
    photo = SimpleUploadedFile("fire.jpg", b"\xff\xd8\xff\xe0 fire", content_type="image/jpeg")
    post(reader, "/destruction", step="photo", photo=photo, **signed)
    refusal(reader, "/destruction", step="destroy", paper_no="BA/P", blanks="6", cards="0", **signed)
    _batch, text = post(reader, "/destruction", step="destroy", paper_no="BA/P", blanks=str(lying), cards="0", **signed)
    assert "destroyed" in text
    assert reader.get("/destruction/berita-acara.pdf", {"batch": batch}).content.startswith(b"%PDF")


def spoiled_at(office):
    from blanko.cards.destruction import queries

    return [piece._asdict() for piece in queries.spoiled(office=office)]
