"""Find the few steps of a failing run that are enough to fail. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def shrink(steps: Sequence[int], fails: Callable[[Sequence[int]], bool], *, tries: int = 400) -> list[int]:
    """A part of ``steps`` that still fails, and of which, tries permitting, no single step can be left out.

    Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): leave out ever
    smaller pieces as long as what remains fails. ``fails`` runs the steps anew.
    """
    kept = list(steps)
    pieces = 2
    left = tries
    while len(kept) >= 2 and left > 0:
        size = -(-len(kept) // pieces)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            left -= 1
            if rest and fails(rest):
                kept, pieces = rest, max(pieces - 1, 2)
                break
            if left <= 0:
                break
        else:
            if size == 1:
                break
            pieces = min(pieces * 2, len(kept))
    return kept
