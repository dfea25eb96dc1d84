"""What the engine is held against: the rule word for word, one unit at a time, in exact fractions."""

from __future__ import annotations

import heapq
from datetime import date
from fractions import Fraction

from hypothesis import strategies as st

from blanko.engines.allocation import AreaNeed

RUNOFF = date(2017, 4, 19)


@st.composite
def areas(draw, *, size_max=8, need_max=6000):
    count = draw(st.integers(1, size_max))
    # Few different numbers, so that ties are common.
    numbers = st.sampled_from([0, 1, 250, 499, 500, 501, 1000, 1500, 2000, need_max]) | st.integers(0, need_max)
    days = st.sampled_from([None, date(2017, 4, 3), date(2017, 4, 10)])
    return [
        AreaNeed(
            code=f"{11 + i}01",
            need=draw(numbers),
            in_hand=draw(st.sampled_from([0, 0, 500, 700])),
            in_transit=draw(st.sampled_from([0, 0, 500])),
            earlier=draw(st.sampled_from([0, 0, 500])),
            last_box_on=draw(days),
            deadline=draw(st.sampled_from([None, RUNOFF])),
        )
        for i in range(count)
    ]


class OneByOne:
    """A round kept open: the next unit goes to the lowest fill, then to the longest without, then by code.

    The clock is one for the whole round: whoever got a unit in it is more recent than any date before it.
    """

    def __init__(self, needs):
        self.gross = {a.code: a.need + a.earlier for a in needs}
        self.holdings = {a.code: a.in_hand + a.in_transit + a.earlier for a in needs}
        self.last = {a.code: (0, (a.last_box_on or date.min).toordinal()) for a in needs}
        self.received = dict.fromkeys(self.gross, 0)
        self.steps = []

    def _key(self, code):
        return Fraction(self.holdings[code], self.gross[code]), self.last[code], code

    def give(self, *, stock, unit, reserve=0):
        stock = max(0, stock - reserve)
        heap = [self._key(code) for code in self.gross if self.gross[code] - self.holdings[code] >= unit]
        heapq.heapify(heap)
        while heap and stock >= unit:
            _fill, _last, code = heapq.heappop(heap)
            self.steps.append(code)
            self.received[code] += unit
            self.holdings[code] += unit
            stock -= unit
            self.last[code] = (1, len(self.steps))
            if self.gross[code] - self.holdings[code] >= unit:
                heapq.heappush(heap, self._key(code))
        return stock
