"""Play steps of a seed on a database of their own, and report what they came to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from django.db import Error

from blanko.decisions.scenario.custody_world.run import Run, Wrong
from blanko.decisions.scenario.custody_world.session import Surprise
from blanko.decisions.scenario.custody_world.stage import stage
from blanko.decisions.scenario.custody_world.steps import STEPS, close
from blanko.kernel.errors import BlankoError

COMPARE_EVERY: Final = 5_000


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to. ``failed`` says in words what went wrong, and is empty after a good run."""

    seed: int
    steps: int
    seconds: float
    done: dict[str, int]
    calls: int
    movements: int
    blanks: int
    frauds: dict[str, int]
    named: int
    fingerprint: str
    failed: str = ""
    failed_at: int | None = None

    @property
    def per_second(self) -> float:
        return self.steps / self.seconds if self.seconds else 0.0


def run(
    seed: int,
    steps: Sequence[int],
    *,
    progress: Callable[[int], None] | None = None,
    before: Callable[[psycopg.Connection], object] | None = None,
) -> Report:
    """Run these steps of a seed in a database of their own; what went wrong is in the report, never raised.

    ``before`` may break the database first, for showing that the run finds it.
    """
    with stage() as admin:
        if before:
            before(admin)
        begun = time.perf_counter()
        going = Run(seed, admin, table=STEPS, closing=close)
        failed, at = "", None
        try:
            for at, number in enumerate(steps):
                going.step(number)
                if (at + 1) % COMPARE_EVERY == 0:
                    going.check()
                    if progress:
                        progress(at + 1)
            going.finish()
            at = None
        except (Wrong, Surprise, Error, BlankoError) as error:
            failed = f"{type(error).__name__} ({going.doing}): {error}"
        finally:
            going.end()
        frauds = Counter(fraud.kind for fraud in going.world.frauds)
        return Report(
            seed=seed, steps=len(steps), seconds=time.perf_counter() - begun, done=dict(sorted(going.done.items())),
            calls=going.session.calls, movements=going.book.movements, blanks=going.book.received,
            frauds=dict(sorted(frauds.items())), named=len(going.world.frauds) - len(going.world.open_frauds),
            fingerprint=going.digest.hexdigest()[:16], failed=failed, failed_at=at,
        )  # fmt: skip
