"""A week's round in the compiled loop: who is sent how much of what the warehouse holds, in blanks or whole boxes.

Loops over areas are vectorised; sums are made in one order whatever the processor, so that they are the same on any.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# The level of fill is found after as many steps as offices drop out of the sharing, mostly three to six.
LEVEL_STEPS = 64
# So many halvings tell levels apart that differ by a 250,000th.
HALVINGS = 18
NEVER = np.float32(np.inf)


@njit(error_model="numpy")
def total(values, room):  # type: ignore[no-untyped-def]
    """The sum of an array in one order: eight parts are laid on each other, number by number, then eight of those.

    ``room`` holds at least an eighth of it. One running sum would wait for each addition before the next.
    """
    count = np.uint64(values.shape[0])
    # A few numbers are added before parts of them are laid out.
    part = count >> np.uint64(3) if count >= np.uint64(64) else np.uint64(0)
    i = np.uint64(0)
    while i < part:
        room[i] = _eight(values, i, part)
        i += np.uint64(1)
    found = np.float32(0.0)
    i = part << np.uint64(3)
    while i < count:
        found += values[i]
        i += np.uint64(1)
    lanes = part >> np.uint64(3)
    i = np.uint64(0)
    while i < lanes:
        found += _eight(room, i, lanes)
        i += np.uint64(1)
    i = lanes << np.uint64(3)
    while i < part:
        found += room[i]
        i += np.uint64(1)
    return found


@njit(inline="always", error_model="numpy")
def _eight(values, i, apart):  # type: ignore[no-untyped-def]
    """The sum of eight numbers that lie equally far apart."""
    two, three, four = apart * np.uint64(2), apart * np.uint64(3), apart * np.uint64(4)
    one, other = values[i] + values[i + four], values[i + two] + values[i + four + two]
    more, most = values[i + apart] + values[i + four + apart], values[i + three] + values[i + four + three]
    return (one + other) + (more + most)


@njit(error_model="numpy")
def send(centre, box, opened, base, weight, held, wanted, sent, scratch):  # type: ignore[no-untyped-def]
    """Share ``centre`` blanks: raise everybody's level L, where an area holds base + L weight, to at most 1.

    Fills ``sent`` [A] and returns what stays at the centre. With a ``box`` above 1 an area is sent whole boxes, the
    last of them to the lowest level before the box, and one that needs less than a box gets single blanks where boxes
    are ``opened``, else nothing. ``wanted`` and ``scratch`` [3, A] are room to work in.
    """
    zero, one = np.float32(0.0), np.float32(1.0)
    areas = base.shape[0]
    for i in range(areas):
        wanted[i] = max(zero, base[i] + weight[i] - held[i])
        sent[i] = wanted[i]
    asked = total(wanted, scratch[2])
    scarce = asked > centre
    level = one
    if scarce:
        sharing, below = scratch[0], scratch[1]
        # Newton from above on a rising, convex, piecewise straight line: it never steps too far.
        for _ in range(LEVEL_STEPS):
            for i in range(areas):
                inside = base[i] + level * weight[i] > held[i]
                sharing[i] = weight[i] if inside else zero
                below[i] = held[i] - base[i] if inside else zero
            parts = total(sharing, scratch[2])
            lower = (centre + total(below, scratch[2])) / parts if parts > zero else level
            if lower >= level * np.float32(0.999999):
                break
            level = lower
        for i in range(areas):
            sent[i] = max(zero, base[i] + level * weight[i] - held[i])
        # Rounding sends nothing that is not there, and where not all is covered nothing stays behind.
        exact = centre / max(total(sent, scratch[2]), np.float32(1e-9))
        for i in range(areas):
            sent[i] *= exact
    if box <= one:
        return zero if scarce else max(zero, centre - asked)
    if not scarce and not opened:
        for i in range(areas):
            sent[i] = np.floor(wanted[i] / box) * box
    if scarce:
        _in_boxes(centre, box, opened, level, base, weight, held, wanted, sent, scratch)
    return max(zero, centre - total(sent, scratch[2]))


@njit(error_model="numpy")
def _in_boxes(centre, box, opened, level, base, weight, held, wanted, sent, scratch):  # type: ignore[no-untyped-def]
    """Box by box to the lowest level before the box: all boxes below a level, which is found by halving.

    What those who need less than a box get in single blanks (by the level in blanks) is kept from the boxes.
    """
    zero, one = np.float32(0.0), np.float32(1.0)
    areas = base.shape[0]
    slope, first = scratch[0], scratch[1]
    per_box = one / box
    low = NEVER
    for i in range(areas):
        small = wanted[i] < box
        # How many boxes of an area lie below a level L: 1 + first + slope L, and no more than it still needs.
        # An area without any use still has a level, as if it used one blank.
        uses = max(weight[i], one)
        slope[i] = uses * per_box
        first[i] = (base[i] - held[i]) * per_box
        wanted[i] = zero if small else np.floor(wanted[i] * per_box)
        low = min(low, NEVER if small else (held[i] - base[i]) / uses)
        sent[i] = sent[i] if small and opened else zero
    boxes = np.int32(np.floor((centre - total(sent, scratch[2])) * per_box + np.float32(1e-3)))
    if low == NEVER:
        return
    # Below ``low`` lies no box, at ``high`` lie enough.
    low -= np.float32(1e-3) * (one + abs(low))
    high = level + np.float32(1e-6) * (one + abs(level))
    for _ in range(HALVINGS):
        middle = np.float32(0.5) * (low + high)
        count = np.int32(0)
        for i in range(areas):
            below = np.floor(first[i] + slope[i] * middle) + one
            count = np.int32(count + np.int32(min(max(below, zero), wanted[i])))
        if count <= boxes:
            low = middle
        else:
            high = middle
    for i in range(areas):
        below = min(max(np.floor(first[i] + slope[i] * low) + one, zero), wanted[i])
        more = min(max(np.floor(first[i] + slope[i] * high) + one, zero), wanted[i])
        boxes -= np.int32(below)
        sent[i] += below * box
        slope[i] = more - below
    for i in range(areas):
        if boxes > 0 and slope[i] > zero:
            sent[i] += box
            boxes -= 1
