"""The keyboard alone is enough for a case: decided, taken back, and on to the next one."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.database]


@pytest.fixture
def page(address, browser):
    opened = browser.new_page(locale="en-GB")
    opened.request.get(f"{address}/officer")
    token = next(c["value"] for c in opened.context.cookies() if c["name"] == "csrftoken")
    opened.request.post(
        f"{address}/officer", form={"officer": "kepala.3101", "next": "/cases", "csrfmiddlewaretoken": token}
    )
    yield opened
    opened.close()


@pytest.fixture
def numbers(page, address):
    """Cases that one officer may settle alone."""
    groups = page.request.get(f"{address}/api/cases/groups").json()
    found = next(group for group in groups if group["kind"] == "merged")
    asked = {"kind": "merged", "pattern": found["pattern"]}
    rows = page.request.get(f"{address}/api/cases/group", params=asked).json()
    return [row["case_no"] for row in rows if not row["alone"]]


def test_a_case_is_decided_and_taken_back_by_the_keyboard_alone(page, address, numbers):
    place = f"{address}/cases/{numbers[0]}"
    page.goto(place)
    page.keyboard.press("s")
    assert page.locator("input[name=outcome]:checked").get_attribute("value") == "same"
    page.keyboard.press("1")
    assert "/" in page.locator("input[name=keep]:checked").get_attribute("value")
    # The rule's choice closes no record that a card was printed for.
    page.keyboard.press("0")
    assert page.locator("input[name=keep]:checked").get_attribute("value") == ""
    page.keyboard.press("r")
    page.keyboard.type("both papers seen: s d p change nothing while one writes")
    assert page.locator("input[name=outcome]:checked").get_attribute("value") == "same"
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert page.locator(".answer strong").inner_text() == "settled"
    page.keyboard.press("r")
    page.keyboard.type("the wrong person came")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert page.locator(".answer strong").inner_text() == "open"


def test_the_keys_lead_to_the_next_case_and_back_and_every_control_is_reached_by_tab(page, address, numbers):
    page.goto(f"{address}/cases/{numbers[0]}")
    with page.expect_navigation():
        page.keyboard.press("j" if page.locator("[data-case-key=j]").count() else "k")
    page.go_back()
    reached = set()
    for _press in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    assert {"outcome", "keep", "reason"} <= reached
    assert any(str(name).startswith("Settle") for name in reached)
