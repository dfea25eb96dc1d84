"""A progress bar on stderr, only where a person is looking."""

from __future__ import annotations

import sys
from time import monotonic

WIDTH = 30


class Bar:
    """``with Bar("reading x.csv") as bar: bar(0.4)``. Draws nothing when stderr is no terminal."""

    def __init__(self, label: str) -> None:
        self.label, self.start, self.last, self.shown = label, monotonic(), -1.0, sys.stderr.isatty()

    def __enter__(self) -> Bar:
        return self

    def __call__(self, done: float) -> None:
        now = monotonic()
        if not self.shown or (now - self.last < 0.1 and done < 1):
            return
        self.last = now
        full = int(WIDTH * min(1.0, done))
        bar = "█" * full + "░" * (WIDTH - full)
        sys.stderr.write(f"\r{self.label[:40]:<40} {bar} {done:4.0%} {now - self.start:5.1f} s")
        sys.stderr.flush()

    def __exit__(self, *_error: object) -> None:
        if self.shown and self.last >= 0:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
