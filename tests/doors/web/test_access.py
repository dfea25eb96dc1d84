"""The pages can be read and used with the keys, by a screen reader, on a phone, in the light and in the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_pages import PAGES

STYLE = Path(__file__).parents[3] / "src/blanko/doors/web/static/blanko.css"
CHECK = (Path(__file__).parent / "access.js").read_text(encoding="utf-8").split("\n", 1)[1]

# What is written on what. A status colour stands on the paper, on its own panel and on the panel of a row.
WRITTEN = [
    *((ink, paper) for ink in ("ink", "quiet", "accent", "warn", "good") for paper in ("paper", "panel")),
    ("ink", "good-panel"), ("ink", "warn-panel"), ("accent", "good-panel"), ("accent", "warn-panel"),
    ("accent-ink", "accent"),
]  # fmt: skip


def _colours(scheme: str) -> dict[str, str]:
    """The variables of the style sheet in one scheme: those of the dark stand over those of the light."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    found = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", blocks[0]))
    return found if scheme == "light" else found | dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", blocks[1]))


def _lightness(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, bright = sorted((_lightness(one), _lightness(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_it_is_written_on(scheme):
    colours = _colours(scheme)
    assert round(_contrast("#000000", "#ffffff"), 2) == 21.0
    weak = {(ink, paper): round(_contrast(colours[ink], colours[paper]), 2) for ink, paper in WRITTEN}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_no_text_but_must_be_seen_stands_out_too(scheme):
    colours = _colours(scheme)
    # The frame of a field, the ring of the focus, the lines of a fan.
    for mark in ("quiet", "accent", "ink", "warn"):
        assert _contrast(colours[mark], colours["paper"]) >= 3, mark


@pytest.mark.browser
@pytest.mark.database
@pytest.mark.parametrize(("language", "width", "scheme"), [("id-ID", 390, "light"), ("en-GB", 1280, "dark")])
def test_every_page_passes_what_can_be_checked(address, browser, language, width, scheme):
    context = browser.new_context(locale=language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    wrong: list[str] = []
    for place in [*PAGES, "/blanks?q=nonsense", "/nowhere"]:
        page.goto(address + place)
        page.keyboard.press("Tab")
        if page.locator("html").get_attribute("lang") != language[:2]:
            wrong.append(f"{place}: another language")
        wrong += [f"{place}: {fault}" for fault in page.evaluate(CHECK)]
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.browser
@pytest.mark.database
def test_the_first_key_offers_the_content_and_leads_there(address, browser):
    page = browser.new_page(locale="en-GB")
    page.goto(address + "/rounds")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    page.close()
