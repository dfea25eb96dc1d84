"""Every page in a real browser, on a phone and a desk, in both languages, without one error on its console."""

from __future__ import annotations

import pytest

from .test_pages import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.database]


@pytest.mark.parametrize(("language", "width", "scheme"), [("id-ID", 390, "dark"), ("en-GB", 1280, "light")])
def test_no_page_has_an_error_on_its_console(address, browser, language, width, scheme):
    context = browser.new_context(locale=language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"{page.url}: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    for place in PAGES:
        answer = page.goto(address + place)
        assert answer is not None
        assert answer.status == 200, place
        # Nothing hangs over the side of the screen.
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), (place, width)
        inner = "[...document.querySelectorAll('.scroll')].every(box => box.scrollWidth <= box.clientWidth + 1)"
        assert page.evaluate(inner), (place, width)
    context.close()
    assert not wrong


def test_the_map_is_walked_with_the_keys(address, browser):
    page = browser.new_page(locale="en-GB")
    page.goto(address + "/map")
    page.locator("[data-tile]").first.focus()
    first = page.locator("#map-label").inner_text()
    page.keyboard.press("ArrowRight")
    second = page.locator("#map-label").inner_text()
    assert "Kabupaten" in first or "Kota" in first
    assert second != first
    page.keyboard.press("Enter")
    page.wait_for_url("**/regencies/*")
    page.close()


def test_the_language_is_chosen_and_stays(address, browser):
    page = browser.new_page(locale="id-ID")
    page.goto(address + "/rounds")
    assert page.locator("html").get_attribute("lang") == "id"
    page.get_by_role("button", name="English").click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "en"
    page.goto(address + "/supply")
    assert page.locator("h1").inner_text() == "What is ordered, and what has come?"
    page.close()


def test_a_dropped_file_is_explained_in_the_browser(address, browser, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(
        "area,metric,value,date,source,kind,known_on\n1871,x,5,2017-04-04,me,observed,2017-04-04\n9999,x,5,,,,\n"
    )
    page = browser.new_page(locale="en-GB")
    page.goto(address + "/files")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="Take it in").click()
    page.wait_for_url("**/files/*")
    assert "1 accepted + 0 unchanged + 1 refused = 2 read" in page.inner_text(".answer")
    page.close()


def test_a_list_is_filtered_while_one_types(address, browser):
    from playwright.sync_api import expect

    page = browser.new_page(locale="en-GB")
    page.goto(address + "/rounds/2")
    page.fill("#shares-q", "Kota Metro")
    expect(page.locator("#shares tbody tr")).to_have_count(1)
    assert "q=Kota" in page.url
    page.close()


def test_scanning_goes_on_whatever_is_clicked_and_says_each_scan(address, browser):
    page = browser.new_page(locale="en-GB")
    page.goto(address + "/custody/receive?movement=planning/5:9101")
    assert page.locator("form[data-scan]").count() == 0, "nobody is chosen: nothing to sign"
    page.get_by_role("link", name="Choose in whose name you act").click()
    page.fill("#office-q", "9101")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Operator").first.click()
    page.wait_for_url("**/custody/receive**")
    box = page.locator("[data-scan-row]").first.get_attribute("data-scan-row")
    form = page.locator("form[data-scan]")

    def scan(text):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        return form.get_attribute("data-scan-last")

    assert scan(box.lower()) == "right"
    assert scan(box) == "twice"
    page.locator("h1").click()
    assert scan("PB17-999999") == "wrong", "a click beside the field lost the focus"
    assert "NOT of this consignment" in page.inner_text("[data-scan-said]")
    assert page.locator("[data-scan-row]").first.get_attribute("data-seen") == "yes"
    page.reload()
    assert page.input_value("#scans").split() == [box, "PB17-999999"], "a reload lost what was scanned"
    page.get_by_role("button", name="Take the last one back").click()
    assert page.input_value("#scans").split() == [box]
    assert scan("PB17-999998") == "wrong"
    page.close()
