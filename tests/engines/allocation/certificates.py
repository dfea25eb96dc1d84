"""A stranger's check of a plan and its certificates. It imports nothing of the engine and uses whole numbers only.

``given``: lists ``stock`` [week], ``need`` [week][area], ``held``, ``lead``, ``capacity`` [area]; ``unit`` blanks
a box; ``shipped`` [week][area]; ``certificates``: (area, units, binding, week, would_lose). Raises AssertionError.
"""

from fractions import Fraction


def check(given, unit, shipped, certificates):
    weeks, areas = len(given["stock"]), len(given["held"])
    gross = [sum(row[i] for row in given["need"]) for i in range(areas)]
    last = [weeks - 1 - given["lead"][i] for i in range(areas)]
    units = [sum(row[i] for row in shipped) // unit for i in range(areas)]
    assert all(count >= 0 and count % unit == 0 for row in shipped for count in row), "not whole boxes"
    for w in range(weeks):
        assert sum(map(sum, shipped[: w + 1])) <= sum(given["stock"][: w + 1]), f"week {w} ships what has not come"
    for i in range(areas):
        if units[i]:
            assert printed(given, i, [row[i] for row in shipped]) == given["held"][i] + units[i] * unit, f"{i} is late"

    def later(i, w):
        """Units that area i can still print when they are sent after week w."""
        return max(0, last[i] - w) * given["capacity"][i] // unit

    def key(i, nth):
        """The place of an area's nth unit (from 0) in the published order."""
        fill = Fraction(given["held"][i] + nth * unit, gross[i])
        return fill, Fraction(given["held"][i] + (nth - 1) * unit, gross[i]) if nth else Fraction(-1), nth, i

    on_time = {}
    for i, count, binding, w, loser in certificates:
        assert count == units[i], f"{i} says {count} and is sent {units[i]}"
        has = given["held"][i] + count * unit
        if binding == "no_need":
            assert count == 0 and gross[i] <= given["held"][i], f"{i} has need"
        elif binding == "need_met":
            assert has >= gross[i], f"{i} still needs"
        elif binding in ("time", "box_size"):
            flood = [max(0, gross[i])] * weeks
            assert printed(given, i, flood) < has + unit, f"{i} could print one unit more"
        else:
            if w not in on_time:
                # Those who must be served by the end of week w, and how much of it; together they take all that came.
                due = {j: units[j] - later(j, w) for j in range(areas) if units[j] > later(j, w)}
                keys = sorted((key(j, units[j] - 1) for j in due), reverse=True)
                on_time[w] = sum(due.values()), keys
            taken, keys = on_time[w]
            assert binding == "stock" and taken == sum(given["stock"][: w + 1]) // unit, f"week {w} has stock left"
            assert units[i] >= later(i, w), f"{i} does not depend on week {w}"
            others = [k for k in keys if k[-1] != i]
            # Boxes go strictly in order; single cards are an exact level, rounded up or down by less than a card.
            limit = key(i, count) if unit > 1 else (Fraction(has + 1, gross[i]), areas)
            assert all(k < limit for k in others[:1]), f"{i} stands below who got a unit"
            assert loser == (others[0][-1] if others else -1), f"{i} names the wrong loser"


def printed(given, i, sent):
    on_hand, waiting, done = given["held"][i], 0, 0
    for w in range(len(sent)):
        on_hand += sent[w - given["lead"][i]] if w >= given["lead"][i] else 0
        waiting += given["need"][w][i]
        now = min(on_hand, waiting, given["capacity"][i])
        on_hand, waiting, done = on_hand - now, waiting - now, done + now
    return done
