"""The pages in a real browser, over a real server."""

from __future__ import annotations

import os
import shutil
import threading

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def act(client, username):
    """Choose in whose name this reader acts; none with an empty name."""
    assert client.post("/officer", {"officer": username}).status_code == 302
    return client


@pytest.fixture(name="act")
def _act():
    return act


@pytest.fixture(scope="module")
def address(replayed, django_db_blocker):
    """Where the replayed database is served."""
    import waitress

    from blanko.wsgi import application

    server = waitress.create_server(application, host="127.0.0.1", port=0, threads=2)
    with django_db_blocker.unblock():
        threading.Thread(target=server.run, daemon=True).start()
        yield f"http://127.0.0.1:{server.effective_port}"
        server.close()


@pytest.fixture(scope="module")
def browser(address):
    """A browser, opened after the server: its driver's loop keeps Django from the database of this thread."""
    if CHROMIUM is None and not os.environ.get("CI"):
        # In CI the browser must be there: without it the tests fail.
        pytest.skip("no chromium on this machine: install it to run the browser tests")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()
