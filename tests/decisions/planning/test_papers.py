"""Surat jalan and packing list: every box is on them, the sums are right, and the same input gives the same bytes."""

from datetime import date

import pypdfium2
import pytest

from blanko.decisions.planning import papers
from blanko.decisions.planning.rules import Dispatch, Loose, Whole
from blanko.kernel.boxes import BoxId, SerialRange


def dispatch(*, boxes=46, pieces=1, regency="3172", step=1):
    return Dispatch(
        round_no=3,
        round_title="Tahap Jakarta",
        regency=regency,
        office=regency,
        consignment=f"R0003-{regency}",
        papers=f"0003/SJ/{regency}/III/2017",
        written_on=date(2017, 3, 29),
        dispatch_by=date(2017, 4, 11),
        deadline=date(2017, 4, 19),
        boxes=tuple(Whole(BoxId("PB17", 100 + step * n), 500) for n in range(boxes)),
        pieces=tuple(Loose(BoxId("PB17", 900 + n), SerialRange(1, 137)) for n in range(pieces)),
    )


def pages(pdf):
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)]


@pytest.mark.parametrize("make", [papers.surat_jalan, papers.packing_list])
def test_the_same_dispatch_gives_the_same_bytes(make):
    assert make(dispatch()) == make(dispatch())
    assert make(dispatch()) != make(dispatch(boxes=45))


def test_a_surat_jalan_names_both_ends_the_boxes_the_sum_and_the_short_code():
    (text,) = pages(papers.surat_jalan(dispatch()))
    for words in (
        "0003/SJ/3172/III/2017", "R0003-3172", "Jakarta Utara", "29 Maret 2017", "11 April 2017", "19 April 2017",
        "PB17-000100 s.d. PB17-000145", "23.137", "dua puluh tiga ribu seratus tiga puluh tujuh",
        "Yang menyerahkan", "Yang menerima", "Halaman 1 dari 1",
    ):  # fmt: skip
        assert words in " ".join(text.split())


@pytest.mark.parametrize("make", [papers.surat_jalan, papers.packing_list])
def test_a_long_list_breaks_over_pages_and_every_page_carries_number_code_and_count(make):
    found = pages(make(dispatch(boxes=120, step=2, regency="9171")))
    assert len(found) >= 3
    for number, text in enumerate(found, start=1):
        flat = " ".join(text.split())
        assert "0003/SJ/9171/III/2017" in flat
        assert "R0003-9171" in flat
        assert f"Halaman {number} dari {len(found)}" in flat
    everything = "".join(found)
    assert all(f"PB17-{100 + 2 * n:06d}" in everything for n in range(120))
    # A page that holds only signatures would not say what was signed for.
    assert "60.137" in found[-1]


def test_a_packing_list_sums_boxes_and_pieces_apart_and_together():
    data = papers.packing_list_data(dispatch(pieces=2))
    assert (data["box_blanks"], data["piece_blanks"], data["blanks"]) == ("23.000", "274", "23.274")
    assert [line["boxes"] for line in data["box_lines"]] == ["46"]
