"""What happens in a step of the simulator, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import Final

from blanko.decisions.scenario.custody_world import counters, counts, destroying, frauds, network, rivals
from blanko.decisions.scenario.custody_world.run import Run, Step

STEPS: Final[Mapping[str, Step]] = MappingProxyType(
    {
        "act": Step(50.0, network.act),
        "card": Step(9.0, counters.card),
        "follow": Step(0.4, counters.follow),
        "blind": Step(7.0, network.blind),
        "again": Step(7.0, network.again),
        "reuse": Step(1.0, network.reuse),
        "delay": Step(4.0, network.delay),
        "arrive": Step(4.0, network.arrive),
        "crash": Step(5.0, network.crash),
        "race": Step(3.0, rivals.race),
        "deadlock": Step(0.1, rivals.deadlock),
        "theft": Step(1.5, frauds.theft),
        "swap": Step(3.0, frauds.swap),
        "made past the queue": Step(0.1, frauds.made_past_the_queue),
        "past the journal": Step(0.1, frauds.past_the_journal),
        "count": Step(0.3, counts.count),
        "destroy": Step(0.1, destroying.destroy),
        "reconcile": Step(0.1, frauds.reconcile),
    }
)


def close(run: Run, office: str) -> None:
    """At the end an office is counted, and all accounts are compared."""
    counts.count_office(run, office)
    frauds.reconcile(run, Random(0))
