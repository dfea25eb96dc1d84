"""One future after another, week by week, for all areas at once: the loop that numba compiles.

Every draw is a pure function of (seed, path, week, area), so that a future is the same on any number of cores and
whatever else is simulated. Loops over areas hold no sums, so that they are vectorised; sums run apart, in one order.
"""

from __future__ import annotations

import os

from blanko.engines.runout.cache import folder

# Before numba is imported: a packaged blanko may lie where nobody may write.
os.environ.setdefault("NUMBA_CACHE_DIR", folder())

import llvmlite.binding
import numpy as np
from numba import njit, prange

# LLVM gives a loop up when it would have to compare more than eight pairs of arrays for overlap before it; ours touch
# about fifteen. Without this the same bytes take twice the time.
for _option in ("runtime", "vectorize"):
    llvmlite.binding.set_option("blanko", f"-{_option}-memory-check-threshold=500")

# Paths are cut into this many pieces, whatever the number of cores: their sums are added in one order.
PIECES = 32
# A shortage of today is over when blanks have sufficed for so many weeks in a row.
CALM_WEEKS = 4
# The level of fill is found after as many steps as offices drop out of the sharing, mostly three to six.
LEVEL_STEPS = 64


@njit(inline="always")
def _bits(key, week, area):  # type: ignore[no-untyped-def]
    """64 well-mixed bits for one place of one path. Source: Steele, Lea, Flood (2014), SplitMix64."""
    z = key + week * np.uint64(0xD1B54A32D192ED03) + area * np.uint64(0x8CB92BA72F3D8DD7)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def _normal4(bits):  # type: ignore[no-untyped-def]
    """Mean 0, variance 1, bell-shaped within 3.5: the sum of four uniform numbers (Irwin-Hall)."""
    total = (
        np.float32(np.int32(bits & np.uint64(0xFFFF)))
        + np.float32(np.int32((bits >> np.uint64(16)) & np.uint64(0xFFFF)))
        + np.float32(np.int32((bits >> np.uint64(32)) & np.uint64(0xFFFF)))
        + np.float32(np.int32(bits >> np.uint64(48)))
    )
    return (total - np.float32(131070.0)) * np.float32(1.7320508 / 65536.0)


@njit(inline="always")
def _normal2(bits, shift):  # type: ignore[no-untyped-def]
    """Mean 0, variance 1, within 2.5: the sum of two uniform numbers, from 32 of the bits."""
    total = np.float32(np.int32((bits >> np.uint64(shift)) & np.uint64(0xFFFF))) + np.float32(
        np.int32((bits >> np.uint64(shift + 16)) & np.uint64(0xFFFF))
    )
    return (total - np.float32(65535.0)) * np.float32(2.4494897 / 65536.0)


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def futures(  # type: ignore[no-untyped-def]  # noqa: C901 - one loop, for numba
    seed, unlimited, cover_weeks,
    direct, enrolled, direct_dispersion, enrolled_dispersion, direct_area_cv, enrolled_area_cv,
    direct_factor, enrolled_factor, checks, passed_share, spoilage,
    on_hand, central, in_transit, print_ready, awaiting, uncollected,
    printer_cards, availability, working, availability_memory, availability_noise, operator_cards, ribbon_on_hand,
    ribbon_cards, collected_share, lag, arrivals, watch,
    out_nation, out_runout, out_use, out_area_runout, out_area_mean, out_area_binding, out_watch,
):  # fmt: skip
    """Fill the ``out_`` arrays. Shapes: areas A, weeks T, paths P.

    direct, enrolled [T, A]; factors, checks, spoilage [P]; arrivals [P, T]; lag [A] weeks from warehouse to office;
    out_nation [5, P, T] stock, print-ready, awaiting, uncollected, printed; out_runout [P] first week in which the
    nation's blanks did not cover what could be printed, T for never; where they are short from the first week on, the
    first such week after CALM_WEEKS in which they sufficed, and 0 where that never came; out_use [P, T] blanks used;
    out_area_runout [PIECES, T + 1, A] counts; out_area_mean [PIECES, 3, T, A] sums of stock, print-ready, printed;
    out_area_binding [PIECES, 6, A] card-weeks waited by what bound, and weeks short of blanks; out_watch [P, W, 2, T]
    stock and print-ready of the watched areas.
    """
    paths, weeks = arrivals.shape
    areas = on_hand.shape[0]
    depth = lag.max() + 1
    half = np.float32(0.5)
    zero = np.float32(0.0)
    one = np.float32(1.0)
    for piece in prange(PIECES):
        stock = np.empty(areas, np.float32)
        ready = np.empty(areas, np.float32)
        waiting = np.empty(areas, np.float32)
        uncalled = np.empty(areas, np.float32)
        up = np.empty(areas, np.float32)
        moving = np.empty(areas, np.float32)
        ribbon = np.empty(areas, np.float32)
        spent = np.empty(areas, np.float32)
        road = np.empty((depth, areas), np.float32)
        factor = np.empty(areas, np.float32)
        factor_enrolled = np.empty(areas, np.float32)
        dry = np.empty(areas, np.int32)
        calm = np.empty(areas, np.int32)
        held_by = np.empty(areas, np.float32)
        base = np.empty(areas, np.float32)
        weight = np.empty(areas, np.float32)
        needs = np.empty(areas, np.float32)
        printed = np.empty(areas, np.float32)
        mean = out_area_mean[piece]
        bound = out_area_binding[piece]
        for path in range(paths * piece // PIECES, paths * (piece + 1) // PIECES):
            key = seed + np.uint64(path) * np.uint64(0x9E3779B97F4A7C15)
            spoil = one + np.float32(spoilage[path])
            unspoiled = one / spoil
            centre = np.float32(central)
            common = np.float32(direct_factor[path])
            common_enrolled = np.float32(enrolled_factor[path])
            road[:] = zero
            for i in range(areas):
                stock[i] = on_hand[i]
                ready[i] = print_ready[i]
                waiting[i] = awaiting[i]
                uncalled[i] = uncollected[i]
                up[i] = working[i]
                ribbon[i] = ribbon_on_hand[i]
                spent[i] = zero
                moving[i] = in_transit[i]
                road[0, i] = in_transit[i]
                dry[i] = weeks
                calm[i] = 0
                bits = _bits(key, np.uint64(1 << 20), np.uint64(i))
                a, b = direct_area_cv[i], enrolled_area_cv[i]
                # Lognormal of mean 1: what an area's level may turn out to be.
                factor[i] = np.exp(a * _normal2(bits, 0) - half * a * a) * common
                factor_enrolled[i] = np.exp(b * _normal2(bits, 32) - half * b * b) * common_enrolled
            ran_out = weeks
            quiet = 0
            for week in range(weeks):
                centre += np.float32(arrivals[path, week])
                slot = week % depth
                now = np.uint64(week)
                later = np.uint64(week + 4096)
                arriving = road[slot]
                new_direct = direct[week]
                new_enrolled = enrolled[week]
                # New claims, what awaits the check of uniqueness, and which printers work.
                for i in range(areas):
                    expected = new_direct[i] * factor[i]
                    noise = _normal4(_bits(key, now, np.uint64(i)))
                    ready[i] += max(
                        zero, expected + noise * np.sqrt(expected + direct_dispersion * expected * expected)
                    )
                    more = _bits(key, later, np.uint64(i))
                    expected = new_enrolled[i] * factor_enrolled[i]
                    spread = np.sqrt(expected + enrolled_dispersion * expected * expected)
                    waiting[i] += max(zero, expected + _normal2(more, 0) * spread)
                    drift = availability[i] + availability_memory * (up[i] - availability[i])
                    up[i] = min(one, max(zero, drift + availability_noise[i] * _normal2(more, 32)))
                all_waiting = zero
                for i in range(areas):
                    all_waiting += waiting[i]
                checked = np.float32(checks[path])
                found = one if all_waiting <= checked else checked / all_waiting
                # Check, receive, print, hand over. What is left waits for the tightest of what it needs.
                for i in range(areas):
                    moved = waiting[i] * found
                    unchecked = waiting[i] - moved
                    waiting[i] = unchecked
                    come = arriving[i]
                    arriving[i] = zero
                    moving[i] -= come
                    held = stock[i] + come
                    claims = ready[i] + moved * passed_share
                    by_printers = printer_cards[i] * up[i]
                    by_hand = operator_cards[i]
                    by_ribbon = ribbon[i] + ribbon_cards[i]
                    want = min(claims, min(by_printers, min(by_hand, by_ribbon)))
                    need = want * spoil
                    use = need if unlimited else min(need, held)
                    cards = use * unspoiled
                    left = claims - cards
                    short = need - use > half
                    stock[i] = held if unlimited else held - use
                    ribbon[i] = by_ribbon - cards
                    spent[i] += use
                    ready[i] = left
                    needs[i] = need
                    printed[i] = cards
                    uncalled[i] = (uncalled[i] + cards) * (one - collected_share)
                    # Whoever begins short runs out only after blanks have sufficed for some weeks in a row.
                    steady = calm[i] >= CALM_WEEKS
                    dry[i] = min(dry[i], np.int32(week) if short and steady else np.int32(weeks))
                    grown = calm[i] + np.int32(1) if week > 0 else np.int32(CALM_WEEKS)
                    calm[i] = calm[i] if steady else (np.int32(0) if short else grown)
                    blanks = left if short else zero
                    free = left - blanks
                    printers = free if by_printers <= min(by_hand, by_ribbon) else zero
                    operators = free - printers if by_hand <= by_ribbon else zero
                    bound[0, i] += blanks
                    bound[1, i] += printers
                    bound[2, i] += operators
                    bound[3, i] += free - printers - operators
                    bound[4, i] += unchecked
                    bound[5, i] += one if short else zero
                    mean[0, week, i] += stock[i]
                    mean[1, week, i] += left
                    mean[2, week, i] += cards
                # One order of addition everywhere; six sums at once hide its latency.
                all_held, all_ready, all_waiting, all_uncalled, all_printed, all_needs = (
                    zero,
                    zero,
                    zero,
                    zero,
                    zero,
                    zero,
                )
                for i in range(areas):
                    all_held += stock[i] + moving[i]
                    all_ready += ready[i]
                    all_waiting += waiting[i]
                    all_uncalled += uncalled[i]
                    all_printed += printed[i]
                    all_needs += needs[i]
                used = all_printed * spoil
                everywhere = all_held + centre
                # Half a blank of thousands is rounding, not a lack.
                tolerance = half + all_needs * np.float32(1e-4)
                lacks = not unlimited and everywhere + used < all_needs - tolerance
                if quiet < CALM_WEEKS:
                    quiet = 0 if lacks else (quiet + 1 if week > 0 else CALM_WEEKS)
                elif lacks and ran_out == weeks:
                    ran_out = week
                # Send what the warehouse holds by the rule of a round: raise the lowest share of need first, where what
                # an office has used since the plan's start counts as need and as holding; then weeks of cover alike.
                if centre > zero and not unlimited:
                    for i in range(areas):
                        held_by[i] = stock[i] + moving[i]
                        base[i] = ready[i] * spoil
                        weight[i] = cover_weeks * new_direct[i] * spoil
                    lack = zero
                    lack_covered = zero
                    for i in range(areas):
                        lack += max(zero, base[i] - held_by[i])
                        lack_covered += max(zero, base[i] + weight[i] - held_by[i])
                    if lack > centre:
                        for i in range(areas):
                            weight[i] = base[i] + spent[i]
                            base[i] = -spent[i]
                    level = one
                    if lack_covered > centre:
                        # Newton from above on a rising, convex, piecewise straight line: it never steps too far.
                        for _ in range(LEVEL_STEPS):
                            sharing = zero
                            below = zero
                            for i in range(areas):
                                inside = base[i] + level * weight[i] > held_by[i]
                                sharing += weight[i] if inside else zero
                                below += held_by[i] - base[i] if inside else zero
                            lower = (centre + below) / sharing if sharing > zero else level
                            if lower >= level * np.float32(0.999999):
                                break
                            level = lower
                    for i in range(areas):
                        weight[i] = max(zero, base[i] + level * weight[i] - held_by[i])
                    total = zero
                    for i in range(areas):
                        total += weight[i]
                    # Rounding sends nothing that is not there, and where not all is covered nothing stays behind.
                    exact = one
                    if lack_covered <= centre or total <= zero:
                        centre = max(zero, centre - total)
                    else:
                        exact = centre / total
                        centre = zero
                    for i in range(areas):
                        sent = weight[i] * exact
                        moving[i] += sent
                        road[(week + lag[i]) % depth, i] += sent
                out_nation[0, path, week] = everywhere
                out_nation[1, path, week] = all_ready
                out_nation[2, path, week] = all_waiting
                out_nation[3, path, week] = all_uncalled
                out_nation[4, path, week] = all_printed
                out_use[path, week] = used
                for w in range(watch.shape[0]):
                    out_watch[path, w, 0, week] = stock[watch[w]]
                    out_watch[path, w, 1, week] = ready[watch[w]]
            out_runout[path] = ran_out if quiet >= CALM_WEEKS else 0
            for i in range(areas):
                out_area_runout[piece, dry[i] if calm[i] >= CALM_WEEKS else 0, i] += 1
