"""What lies spoiled at an office is destroyed before witnesses, by the real room of destruction."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from blanko.cards.custody.rules import Condition, Kind
from blanko.cards.destruction import operations as destruction
from blanko.cards.destruction import queries
from blanko.cards.destruction.rules import Method, WitnessGiven
from blanko.decisions.scenario.custody_world.book import blanks_in
from blanko.decisions.scenario.custody_world.compose import OFFICES, officer
from blanko.decisions.scenario.custody_world.run import Run, Wrong
from blanko.decisions.scenario.custody_world.session import PRINCIPAL
from blanko.ground.access.acting import acting

POLICE = WitnessGiven("Ipda Sari", "Kepolisian Resor", "Kanit", "NRP 8001")
INSPECTOR = WitnessGiven("Budi Santoso", "Inspektorat", "Auditor", "NIP 1977")
PICTURE = b"\xff\xd8\xff\xe0" + b"fire" * 20


def destroy(run: Run, draw: Random) -> str:
    """All that lies spoiled is laid aside and destroyed; what is not there is named, and nothing is destroyed."""
    office = draw.choice(OFFICES)
    lines = [
        line
        for name in run.book.boxes
        for line, cell in run.book.runs(name)
        if cell == (office, str(Condition.SPOILED)) and name not in run.book.used_up
    ]
    blanks = [blank for line in lines for blank in blanks_in(line)]
    if not blanks:
        return "nothing"
    if missed := run.world.not_in_hand(blanks, run.book):
        for blank in missed:
            run.name(blank)
        return "noticed"
    run.commit()
    by, at = officer(office), run.composer.at(office)
    with tempfile.TemporaryDirectory() as folder, acting(principal=PRINCIPAL):
        free, _cards = queries.free(office)
        if [blank for line in free for blank in blanks_in(line)] != sorted(blanks):
            raise Wrong(f"{office}: the register of spoiled blanks has {free[:3]}, the model {lines[:3]}")
        batch = destruction.assemble(
            office=office, lines=free, method=Method.BURNED, place="yard", key=run.composer.key(f"batch/{office}"),
            by=by, at=at,
        )  # fmt: skip
        for witness in (POLICE, INSPECTOR):
            destruction.add_witness(batch=batch, witness=witness, by=by, at=at)
        picture = Path(folder) / "fire.jpg"
        picture.write_bytes(PICTURE)
        destruction.add_photograph(batch=batch, path=picture, name="fire.jpg", data_dir=Path(folder), by=by, at=at)
        destruction.destroy(
            batch=batch, paper_no=f"BA/{batch}", counted_blanks=len(blanks), counted_cards=0, by=by, at=at
        )
    message = run.composer.change(Kind.DESTRUCTION, Condition.SPOILED, Condition.DESTROYED, tuple(free), office)
    run.world.follow(message, run.book.deliver(message), run.book)
    return f"{office} {len(blanks)}"
