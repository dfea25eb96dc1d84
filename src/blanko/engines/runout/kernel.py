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

from blanko.engines.runout.sending import send, total

# LLVM gives a loop up when it would have to compare more than eight pairs of arrays for overlap before it; ours touch
# about fifteen. Without this the same bytes take twice the time.
for _option in ("runtime", "vectorize"):
    llvmlite.binding.set_option("blanko", f"-{_option}-memory-check-threshold=500")

# Paths are cut into this many pieces, whatever the number of cores: their sums are added in one order.
PIECES = 32
# A shortage of today is over when blanks have sufficed for so many weeks in a row.
CALM_WEEKS = 4
# How far the time of one purchase of ribbon lies from another's, and the least part of the usual time it takes.
PURCHASE_SPREAD, PURCHASE_LEAST = 0.5, 0.2


@njit(inline="always")
def _bits(key, week):  # type: ignore[no-untyped-def]
    """64 well-mixed bits for one row (a week) of one path. Source: Steele, Lea, Flood (2014), SplitMix64."""
    z = key + week * np.uint64(0xD1B54A32D192ED03)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def _word(row, area):  # type: ignore[no-untyped-def]
    """32 well-mixed bits for one area of a row. Source: Appleby, MurmurHash3 (2011), its last mix."""
    h = np.uint32(row + np.uint32(area) * np.uint32(0x9E3779B1))
    h = np.uint32(h ^ (h >> np.uint32(16)))
    h = np.uint32(h * np.uint32(0x85EBCA6B))
    h = np.uint32(h ^ (h >> np.uint32(13)))
    h = np.uint32(h * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit(inline="always")
def _halves(word):  # type: ignore[no-untyped-def]
    """The sum of the two halves of 32 bits, each a uniform number up to 65,535."""
    return np.int32(word & np.uint32(0xFFFF)) + np.int32(word >> np.uint32(16))


@njit(inline="always")
def _normal4(one, other):  # type: ignore[no-untyped-def]
    """Mean 0, variance 1, bell-shaped within 3.5: the sum of four uniform numbers (Irwin-Hall)."""
    total = np.float32(np.int32(_halves(one) + _halves(other)))
    return (total - np.float32(131070.0)) * np.float32(1.7320508 / 65536.0)


@njit(inline="always")
def _normal2(word):  # type: ignore[no-untyped-def]
    """Mean 0, variance 1, within 2.5: the sum of two uniform numbers."""
    return (np.float32(np.int32(_halves(word))) - np.float32(65535.0)) * np.float32(2.4494897 / 65536.0)


@njit(error_model="numpy")
def _leave(sent, late, late_weeks, week, depth, lag, moving, road):  # type: ignore[no-untyped-def]
    """Put what is sent on its way: most of it arrives after the area's lag, the late part some weeks after that."""
    on_time = np.float32(1.0) - late
    for i in range(sent.shape[0]):
        moving[i] += sent[i]
        road[(week + lag[i]) % depth, i] += sent[i] * on_time
    if late > np.float32(0.0):
        for i in range(sent.shape[0]):
            road[(week + lag[i] + late_weeks) % depth, i] += sent[i] * late


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def futures(  # type: ignore[no-untyped-def]  # noqa: C901 - one loop, for numba
    seed, unlimited, cover_weeks, box, opened,
    direct, enrolled, direct_dispersion, enrolled_dispersion, direct_area_cv, enrolled_area_cv,
    direct_factor, enrolled_factor, checks, passed_share, spoilage, lost_share, late_share, late_weeks,
    on_hand, central, in_transit, print_ready, awaiting, uncollected, deaths, mortality,
    printer_cards, availability, working, availability_memory, availability_noise, operator_cards, ribbon_on_hand,
    ribbon_cards, ribbon_lot, ribbon_lead, collected_share, lag, arrivals, watch,
    stage_areas, stage_release, stage_opens, stage_ends,
    out_nation, out_runout, out_use, out_died, out_stage, out_area_runout, out_area_mean, out_area_binding, out_watch,
):  # fmt: skip
    """Fill the ``out_`` arrays. Shapes: areas A, weeks T, paths P, stages S.

    direct, enrolled [T, A]; factors, checks, spoilage, lost_share, late_share, mortality [P]; arrivals [P, T]; lag [A]
    weeks from warehouse to office; stage_areas [S, A] 1 for its areas, stage_release [S] blanks, sent to them before
    others from week stage_opens to the deadline stage_ends;
    out_nation [5, P, T] stock, print-ready, awaiting, uncollected, printed; out_runout [P] first week in which the
    nation's blanks did not cover what could be printed, T for never; where they are short from the first week on, the
    first such week after CALM_WEEKS in which they sufficed, and 0 where that never came; out_use [P, T] blanks used
    and lost; out_died [P] of those owed a card; out_stage [S, P] print-ready at the deadline;
    out_area_runout [PIECES, T + 1, A] counts; out_area_mean [PIECES, 3, T, A] sums of stock, print-ready, printed;
    out_area_binding [PIECES, 6, A] card-weeks waited by what bound, and weeks short of blanks; out_watch [P, W, 2, T]
    stock and print-ready of the watched areas.
    """
    paths, weeks = arrivals.shape
    areas = on_hand.shape[0]
    stages = stage_areas.shape[0]
    depth = lag.max() + late_weeks + 1
    half = np.float32(0.5)
    zero = np.float32(0.0)
    one = np.float32(1.0)
    never = np.float32(np.inf)
    granularity = np.float32(1.0 / (1 << 24))
    # For less than a box nobody holds a round.
    least = box if box > one else zero
    buys = ribbon_lot.max() > zero
    for piece in prange(PIECES):
        stock = np.empty(areas, np.float32)
        ready = np.empty(areas, np.float32)
        waiting = np.empty(areas, np.float32)
        uncalled = np.empty(areas, np.float32)
        up = np.empty(areas, np.float32)
        moving = np.empty(areas, np.float32)
        ribbon = np.empty(areas, np.float32)
        granted = np.empty(areas, np.float32)
        due = np.empty(areas, np.float32)
        bought = np.empty(areas, np.float32)
        spent = np.empty(areas, np.float32)
        died = np.empty(areas, np.float32)
        road = np.empty((depth, areas), np.float32)
        factor = np.empty(areas, np.float32)
        factor_enrolled = np.empty(areas, np.float32)
        dry = np.empty(areas, np.int32)
        calm = np.empty(areas, np.int32)
        held_by = np.empty(areas, np.float32)
        base = np.empty(areas, np.float32)
        weight = np.empty(areas, np.float32)
        wanted = np.empty(areas, np.float32)
        sent = np.empty(areas, np.float32)
        scratch = np.empty((3, areas), np.float32)
        room = scratch[2]
        needs = np.empty(areas, np.float32)
        printed = np.empty(areas, np.float32)
        released = np.empty(stages, np.float32)
        mean = out_area_mean[piece]
        bound = out_area_binding[piece]
        for path in range(paths * piece // PIECES, paths * (piece + 1) // PIECES):
            key = seed + np.uint64(path) * np.uint64(0x9E3779B97F4A7C15)
            spoil = one + np.float32(spoilage[path])
            unspoiled = one / spoil
            lost = np.float32(lost_share[path])
            comes = one - lost
            late = np.float32(late_share[path])
            dies = np.float32(mortality[path])
            centre = np.float32(central)
            common = np.float32(direct_factor[path])
            common_enrolled = np.float32(enrolled_factor[path])
            road[:] = zero
            for s in range(stages):
                released[s] = stage_release[s]
            rows = _bits(key, np.uint64(1 << 20))
            level_row, level_enrolled_row = np.uint32(rows), np.uint32(rows >> np.uint64(32))
            granted_row = np.uint32(_bits(key, np.uint64(1 << 21)))
            for i in range(areas):
                stock[i] = on_hand[i]
                ready[i] = print_ready[i]
                waiting[i] = awaiting[i]
                uncalled[i] = uncollected[i]
                up[i] = working[i]
                ribbon[i] = ribbon_on_hand[i]
                # Nobody knows how long ago an office last bought.
                granted[i] = ribbon_lot[i] * np.float32(np.int32(_word(granted_row, i) >> np.uint32(8))) * granularity
                due[i] = never
                spent[i] = zero
                died[i] = zero
                moving[i] = in_transit[i]
                road[0, i] = in_transit[i]
                dry[i] = weeks
                calm[i] = 0
                a, b = direct_area_cv[i], enrolled_area_cv[i]
                # Lognormal of mean 1: what an area's level may turn out to be.
                factor[i] = np.exp(a * _normal2(_word(level_row, i)) - half * a * a) * common
                factor_enrolled[i] = np.exp(b * _normal2(_word(level_enrolled_row, i)) - half * b * b) * common_enrolled
            ran_out = weeks
            quiet = 0
            for week in range(weeks):
                centre += np.float32(arrivals[path, week])
                slot = week % depth
                rows, more = _bits(key, np.uint64(week)), _bits(key, np.uint64(week + 4096))
                row_a, row_b = np.uint32(rows), np.uint32(rows >> np.uint64(32))
                row_c, row_d = np.uint32(more), np.uint32(more >> np.uint64(32))
                arriving = road[slot]
                new_direct = direct[week]
                new_enrolled = enrolled[week]
                # Who died, new claims, what awaits the check of uniqueness, and which printers work.
                for i in range(areas):
                    gone = deaths[i] * dies
                    lives = one - gone
                    died[i] += gone * (ready[i] + waiting[i])
                    uncalled[i] *= lives
                    expected = new_direct[i] * factor[i]
                    noise = _normal4(_word(row_a, i), _word(row_b, i))
                    ready[i] = ready[i] * lives + max(
                        zero, expected + noise * np.sqrt(expected + direct_dispersion * expected * expected)
                    )
                    expected = new_enrolled[i] * factor_enrolled[i]
                    spread = np.sqrt(expected + enrolled_dispersion * expected * expected)
                    waiting[i] = waiting[i] * lives + max(zero, expected + _normal2(_word(row_c, i)) * spread)
                    drift = availability[i] + availability_memory * (up[i] - availability[i])
                    up[i] = min(one, max(zero, drift + availability_noise[i] * _normal2(_word(row_d, i))))
                # Ribbon comes week by week, or is bought in lots when less than one is left and it was granted.
                ribbon_comes = ribbon_cards
                if buys:
                    row_e = np.uint32(_bits(key, np.uint64(week + 8192)))
                    for i in range(areas):
                        lot = ribbon_lot[i]
                        one_by_one = lot <= zero
                        granted[i] += ribbon_cards[i]
                        rest = due[i] - one
                        here = rest <= zero
                        bought[i] = ribbon_cards[i] if one_by_one else (lot if here else zero)
                        free = here or rest == never
                        orders = free and granted[i] >= lot and ribbon[i] + bought[i] < lot
                        spread = np.float32(PURCHASE_SPREAD) * _normal2(_word(row_e, i))
                        takes = ribbon_lead[i] * max(np.float32(PURCHASE_LEAST), one + spread)
                        due[i] = takes if orders else (never if here else rest)
                        granted[i] -= lot if orders else zero
                    ribbon_comes = bought
                all_waiting = total(waiting, room)
                arrived = total(arriving, room)
                checked = np.float32(checks[path])
                found = one if all_waiting <= checked else checked / all_waiting
                # Check, receive, print, hand over. What is left waits for the tightest of what it needs.
                for i in range(areas):
                    moved = waiting[i] * found
                    unchecked = waiting[i] - moved
                    waiting[i] = unchecked
                    come = arriving[i]
                    arriving[i] = zero
                    moving[i] = max(zero, moving[i] - come)
                    held = stock[i] + come * comes
                    claims = ready[i] + moved * passed_share
                    by_printers = printer_cards[i] * up[i]
                    by_hand = operator_cards[i]
                    by_ribbon = ribbon[i] + ribbon_comes[i]
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
                everywhere = (total(stock, room) + total(moving, room)) + centre
                all_needs = total(needs, room)
                all_printed = total(printed, room)
                used = all_printed * spoil
                # Half a blank of thousands is rounding, not a lack.
                tolerance = half + all_needs * np.float32(1e-4)
                lacks = not unlimited and everywhere + used < all_needs - tolerance
                if quiet < CALM_WEEKS:
                    quiet = 0 if lacks else (quiet + 1 if week > 0 else CALM_WEEKS)
                elif lacks and ran_out == weeks:
                    ran_out = week
                for s in range(stages):
                    # A stage's release goes to its areas first, by the fill of a round.
                    if stage_opens[s] <= week <= stage_ends[s] and not unlimited and min(released[s], centre) > zero:
                        for i in range(areas):
                            own = stage_areas[s, i]
                            held_by[i] = (stock[i] + moving[i]) * own
                            base[i] = -spent[i] * own
                            weight[i] = (ready[i] * spoil + spent[i]) * own
                        opens = min(released[s], centre)
                        rest = send(opens, box, opened, base, weight, held_by, wanted, sent, scratch)
                        centre -= opens - rest
                        released[s] -= opens - rest
                        _leave(sent, late, late_weeks, week, depth, lag, moving, road)
                    if week == stage_ends[s]:
                        for i in range(areas):
                            base[i] = ready[i] * stage_areas[s, i]
                        out_stage[s, path] = total(base, room)
                # Send what the warehouse holds by the rule of a round: raise the lowest share of need first, where what
                # an office has used since the plan's start counts as need and as holding; then weeks of cover alike.
                if centre > zero and centre >= least and not unlimited:
                    for i in range(areas):
                        held_by[i] = stock[i] + moving[i]
                        base[i] = ready[i] * spoil
                        weight[i] = cover_weeks * new_direct[i] * spoil
                        wanted[i] = max(zero, base[i] - held_by[i])
                    if total(wanted, room) > centre:
                        for i in range(areas):
                            weight[i] = base[i] + spent[i]
                            base[i] = -spent[i]
                    centre = send(centre, box, opened, base, weight, held_by, wanted, sent, scratch)
                    _leave(sent, late, late_weeks, week, depth, lag, moving, road)
                out_nation[0, path, week] = everywhere
                out_nation[1, path, week] = total(ready, room)
                out_nation[2, path, week] = total(waiting, room)
                out_nation[3, path, week] = total(uncalled, room)
                out_nation[4, path, week] = all_printed
                # Who asks how many blanks are used if none ever lacks is told those that are lost on the way too.
                out_use[path, week] = used / comes if unlimited else used + arrived * lost
                for w in range(watch.shape[0]):
                    out_watch[path, w, 0, week] = stock[watch[w]]
                    out_watch[path, w, 1, week] = ready[watch[w]]
            out_runout[path] = ran_out if quiet >= CALM_WEEKS else 0
            out_died[path] = total(died, room)
            for i in range(areas):
                out_area_runout[piece, dry[i] if calm[i] >= CALM_WEEKS else 0, i] += 1
