"""The papers that travel with a consignment: surat jalan and packing list. The same dispatch gives the same bytes."""

from __future__ import annotations

from importlib.resources import files as package_files

from blanko.decisions.planning.rules import Dispatch, runs
from blanko.ground.files import papers
from blanko.ground.places import gazetteer
from blanko.kernel import wording
from blanko.kernel.boxes import BlankSerial, BoxId

PLACE = "Jakarta"


def surat_jalan(dispatch: Dispatch) -> bytes:
    """The delivery note as PDF: from, to, lines, two signatures, page x of y and the short code."""
    return papers.render(_template("surat_jalan.typ"), surat_jalan_data(dispatch))


def packing_list(dispatch: Dispatch) -> bytes:
    """The packing list as PDF: every box range, every piece of an opened box, and their sums."""
    return papers.render(_template("packing_list.typ"), packing_list_data(dispatch))


def _template(name: str) -> str:
    return str(package_files(__package__) / "paper" / name)


def _common(dispatch: Dispatch) -> dict[str, object]:
    regency = gazetteer.regency(dispatch.regency)
    day = wording.day(dispatch.written_on)
    return {
        "head": wording.HEAD,
        "number": dispatch.papers,
        "code": dispatch.consignment,
        "date": day,
        "place_date": f"{PLACE}, {day}",
        "to_name": f"Dinas Kependudukan dan Pencatatan Sipil {regency.name}",
        "round": f"{dispatch.round_no} – {dispatch.round_title}",
        "blanks": wording.grouped(dispatch.blanks),
        # Who packs, hands over and signs is known at the ramp; the paper leaves room for names.
        "sender_name": "",
        "sender_title": "",
    }


def surat_jalan_data(dispatch: Dispatch) -> dict[str, object]:
    """What the delivery note says, as plain text and lists. Pure."""
    regency = gazetteer.regency(dispatch.regency)
    lines = [
        {
            "what": _box(run.series, run.first)
            if run.boxes == 1
            else f"{_box(run.series, run.first)} s.d. {_box(run.series, run.last)}",
            "form": "dus tersegel",
            "boxes": wording.grouped(run.boxes),
            "blanks": wording.grouped(run.blanks),
        }
        for run in runs(dispatch.boxes)
    ] + [
        {
            "what": f"{_serial(piece.box, piece.positions.first)} s.d. {piece.positions.last:04d}",
            "form": "keping lepas",
            "boxes": "–",
            "blanks": wording.grouped(len(piece.positions)),
        }
        for piece in dispatch.pieces
    ]
    return {
        **_common(dispatch),
        "from_name": wording.CENTRE_NAME,
        "province": gazetteer.name_of(regency.province),
        "dispatch_by": wording.day(dispatch.dispatch_by),
        "deadline": wording.day(dispatch.deadline) if dispatch.deadline else "–",
        "courier": f"{dispatch.carrier} (diambil sendiri, surat tugas {dispatch.letter})"
        if dispatch.mode == "collection"
        else "." * 40,
        "blanks_words": wording.in_words(dispatch.blanks),
        "lines": [{"no": str(number), **line} for number, line in enumerate(lines, start=1)],
        "boxes": wording.grouped(len(dispatch.boxes)),
        "receive_place": f"{regency.name}, ............................",
    }


def packing_list_data(dispatch: Dispatch) -> dict[str, object]:
    """What the packing list says, as plain text and lists. Pure."""
    return {
        **_common(dispatch),
        "box_lines": [
            {
                "no": str(number),
                "first": _box(run.series, run.first),
                "last": _box(run.series, run.last),
                "boxes": wording.grouped(run.boxes),
                "each": wording.grouped(run.size),
                "blanks": wording.grouped(run.blanks),
            }
            for number, run in enumerate(runs(dispatch.boxes), start=1)
        ],
        "piece_lines": [
            {
                "no": str(number),
                "first": _serial(piece.box, piece.positions.first),
                "last": _serial(piece.box, piece.positions.last),
                "blanks": wording.grouped(len(piece.positions)),
            }
            for number, piece in enumerate(dispatch.pieces, start=1)
        ],
        "boxes": wording.grouped(len(dispatch.boxes)),
        "box_blanks": wording.grouped(sum(whole.size for whole in dispatch.boxes)),
        "piece_blanks": wording.grouped(sum(len(piece.positions) for piece in dispatch.pieces)),
        "packer_name": "",
        "packer_title": "",
    }


def _box(series: str, number: int) -> str:
    return str(BoxId(series, number))


def _serial(box: BoxId, position: int) -> str:
    return str(BlankSerial(box, position))
