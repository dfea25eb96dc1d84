"""A card's parts: a circle is refused by its way, and the longest way is the longest."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.records.procurement import material
from blanko.records.procurement.material import Part


def part(name, days=1, needs=(), country="ID"):
    return Part(name, name, country, "body_made_home", days, tuple(needs))


@st.composite
def lists_of_parts(draw):
    """Parts that need only earlier ones, shuffled."""
    count = draw(st.integers(1, 8))
    parts = [
        part(
            f"p{number}",
            draw(st.integers(0, 60)),
            [f"p{earlier}" for earlier in range(number) if draw(st.booleans())],
            draw(st.sampled_from(["ID", "DE", "ZZ"])),
        )
        for number in range(count)
    ]
    return draw(st.permutations(parts))


def every_way(parts):
    """All chains of parts that end in each part, by brute force."""
    by_name = {one.part: one for one in parts}

    @cache
    def ways(name):
        one = by_name[name]
        return [(one,)] + [(*way, one) for need in one.needs for way in ways(need)]

    return [way for name in by_name for way in ways(name)]


@given(lists_of_parts())
def test_the_critical_path_is_the_longest_of_all_ways(parts):
    path = material.critical_path(parts)
    longest = max(sum(one.lead_days for one in way) for way in every_way(parts))
    assert path.days == longest == sum(one.lead_days for one in path.parts)
    assert path.abroad_days == max(
        sum(one.lead_days for one in way if one.country != "ID")
        for way in every_way(parts)
        if sum(one.lead_days for one in way) == longest
    )
    assert 0 <= path.share_abroad <= 1
    assert all(before.part in after.needs for before, after in zip(path.parts, path.parts[1:], strict=False))


@given(lists_of_parts())
def test_every_part_stands_after_what_it_needs(parts):
    ordered = [one.part for one in material.in_order(parts)]
    assert sorted(ordered) == sorted(one.part for one in parts)
    for one in parts:
        assert all(ordered.index(need) < ordered.index(one.part) for need in one.needs)


@given(lists_of_parts(), st.data())
def test_a_circle_is_refused_with_its_way(parts, data):
    first = data.draw(st.sampled_from(parts))
    reachable = {one.part for way in every_way(parts) if way[-1].part == first.part for one in way}
    last = data.draw(st.sampled_from(sorted(reachable)))
    closed = [
        Part(one.part, one.title, one.country, one.stage, one.lead_days, (*one.needs, first.part))
        if one.part == last
        else one
        for one in parts
    ]
    with pytest.raises(material.MaterialCycle) as refused:
        material.critical_path(closed)
    way = str(refused.value).partition(": ")[2].split(" -> ")
    by_name = {one.part: one for one in closed}
    assert way[0] == way[-1]
    assert all(after in by_name[before].needs for before, after in zip(way, way[1:], strict=False))


def test_a_chain_of_ten_thousand_parts_is_no_reason_to_fail():
    chain = [part(f"p{number}", 1, [f"p{number - 1}"] if number else []) for number in range(10_000)]
    assert material.critical_path(chain[::-1]).days == 10_000


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([part("a", needs=["b"])], material.UnknownPart),
        ([part("a"), part("a")], material.PartTwice),
        ([part("a", days=-1)], material.BadPart),
        ([part("a", country="Indonesia")], material.BadPart),
        ([part(" ")], material.BadPart),
    ],
)
def test_what_is_no_list_of_parts_is_named(parts, error):
    with pytest.raises(error):
        material.in_order(parts)


def test_no_parts_take_no_days():
    assert material.critical_path([]).days == 0
    assert material.critical_path([]).share_abroad == 0
