"""Linear and integer programmes of a many-week plan, written down from its words; HiGHS solves them."""

from __future__ import annotations

from fractions import Fraction

import highspy
import numpy as np


def made_up(seed, *, areas=(1, 5), weeks=(1, 5), box=100):
    """A small random outlook as plain arrays: few different numbers, so that ties and full stops are common."""
    draw = np.random.Generator(np.random.PCG64(seed))
    n, t = int(draw.integers(*areas, endpoint=True)), int(draw.integers(*weeks, endpoint=True))
    need = draw.choice([0, 0, 50, 100, 130, 260], (t, n))
    need[0] = draw.choice([0, 100, 300, 301, 450, 600, 900], n)
    return {
        "stock": draw.choice([0, 40, 100, 250, 600], t) * max(1, n // 2),
        "need": need,
        "held": draw.choice([0, 0, 30, 100, 250], n),
        "lead": draw.choice([0, 0, 1, 1, 2, 6], n),
        "capacity": draw.choice([0, 70, 100, 220, 1000], n),
    }, box


def _flow(model, given, unit, *, integer):
    """Variables shipped[week][area] in units and printed[week][area] in cards under every constraint of the matter."""
    weeks, areas = given["need"].shape
    kind = highspy.HighsVarType.kInteger if integer else highspy.HighsVarType.kContinuous
    shipped = [[model.addVariable(lb=0, type=kind) for _ in range(areas)] for _ in range(weeks)]
    printed = [[model.addVariable(lb=0, ub=int(given["capacity"][i])) for i in range(areas)] for _ in range(weeks)]
    for w in range(weeks):
        out = [shipped[s][i] for s in range(w + 1) for i in range(areas)]
        come = int(given["stock"][: w + 1].sum())
        model.addConstr(sum(out) <= (come // unit if integer else come))
        for i in range(areas):
            done = sum(printed[s][i] for s in range(w + 1))
            model.addConstr(done <= int(given["need"][: w + 1, i].sum()))
            there = [shipped[s][i] for s in range(w + 1) if s + given["lead"][i] <= w]
            if there:
                model.addConstr(done - unit * sum(there) <= int(given["held"][i]))
            else:
                model.addConstr(done <= int(given["held"][i]))
    return shipped, printed


def best_units(given, unit):
    """Units by area of the one best plan: an integer programme over who gets which of his units.

    Every unit has its place in one order (fill before it in exact fractions; then fill before the previous one; then
    the area), and an earlier place is worth one point more. If the totals that can be planned form a polymatroid, the
    dearest choice is the same for all falling values, and is the leximin one; if they did not, results would differ.
    """
    weeks, areas = given["need"].shape
    gross = given["need"].sum(0)
    ladder = []
    for i in range(areas):
        for k in range(max(0, int(gross[i] - given["held"][i])) // unit):
            before = Fraction(int(given["held"][i]) + k * unit, int(gross[i]))
            previous = Fraction(int(given["held"][i]) + (k - 1) * unit, int(gross[i])) if k else Fraction(-1)
            ladder.append((before, previous, k, i))
    ladder.sort()
    model = highspy.Highs()
    model.silent()
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 0.5)
    shipped, printed = _flow(model, given, unit, integer=True)
    took = {(i, k): model.addVariable(lb=0, ub=1, type=highspy.HighsVarType.kInteger) for _b, _p, k, i in ladder}
    for i in range(areas):
        mine = [took[i, k] for k in range(sum(1 for j, _k in took if j == i))]
        sent = sum(shipped[w][i] for w in range(weeks))
        if not mine:
            model.addConstr(sent <= 0)
            continue
        model.addConstr(sent - sum(mine) == 0)
        for lower, upper in zip(mine, mine[1:], strict=False):
            model.addConstr(lower - upper >= 0)
        # Whatever is sent must be printed by the end, and what the office held before it.
        held = int(given["held"][i])
        done = sum(printed[w][i] for w in range(weeks))
        model.addConstr(done - unit * sum(mine) - held * mine[0] >= 0)
    if not took:
        return np.zeros(areas, np.int64)
    model.maximize(sum((len(ladder) - place) * took[i, k] for place, (_b, _p, k, i) in enumerate(ladder)))
    units = np.zeros(areas, np.int64)
    for (i, _k), variable in took.items():
        units[i] += round(model.val(variable))
    return units


def leximin_lp(given):
    """Cards by area that leximin sends, in fractions of cards: rise together, fix whoever cannot rise alone, again.

    For offices that hold nothing at the start: whatever is sent is printed by the end.
    """
    assert not given["held"].any()
    gross = given["need"].sum(0)
    fixed = {i: 0.0 for i in range(len(gross)) if not gross[i]}
    while len(fixed) < len(gross):
        level = _most(given, fixed, level=0.0, alone=None)
        for i in [i for i in range(len(gross)) if i not in fixed]:
            if _most(given, fixed, level=level, alone=i) <= level * gross[i] + 1e-4:
                fixed[i] = level * float(gross[i])
    return np.array([fixed[i] for i in range(len(gross))])


def _most(given, fixed, *, level, alone):
    """The highest fill that all who are not fixed can have, or at such a level the most cards that one can be sent."""
    weeks, areas = given["need"].shape
    gross = given["need"].sum(0)
    model = highspy.Highs()
    model.silent()
    shipped, printed = _flow(model, given, 1, integer=False)
    common = model.addVariable(lb=max(0.0, level - 1e-9), ub=1)
    sums = [sum(shipped[w][i] for w in range(weeks)) for i in range(areas)]
    for i in range(areas):
        model.addConstr(sum(printed[w][i] for w in range(weeks)) - sums[i] >= 0)
        if i in fixed:
            model.addConstr(sums[i] >= fixed[i] - 1e-7)
        else:
            model.addConstr(sums[i] - common * int(gross[i]) >= 0)
    goal = common if alone is None else sums[alone]
    model.maximize(goal)
    return float(model.val(goal))


def least_waiting(given, totals, done):
    """The fewest card-weeks of waiting when each area is sent its total and has printed so many by the end, by LP."""
    weeks, areas = given["need"].shape
    model = highspy.Highs()
    model.silent()
    shipped, printed = _flow(model, given, 1, integer=False)
    for i in range(areas):
        model.addConstr(sum(shipped[w][i] for w in range(weeks)) == float(totals[i]))
        model.addConstr(sum(printed[w][i] for w in range(weeks)) == float(done[i]))
    # A card printed in week w is owed no longer at the ends of weeks w .. last.
    model.maximize(sum((weeks - w) * printed[w][i] for w in range(weeks) for i in range(areas)))
    return float(np.cumsum(given["need"], 0).sum()) - float(model.getInfo().objective_function_value)
