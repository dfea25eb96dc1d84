"""The examples of docs/api.md are calls that succeed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

pytestmark = pytest.mark.database

ROOT = Path(__file__).parents[3]
EXAMPLES = re.findall(r"^curl .*$", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split("/api/")[1][:30] for example in EXAMPLES])
def test_an_example_of_the_documentation_succeeds(replayed, django_db_blocker, example):
    words = shlex.split(example)[1:]
    address = words[-1].removeprefix("http://127.0.0.1:8000")
    options = dict(zip(words[:-1:2], words[1:-1:2], strict=True))
    with django_db_blocker.unblock():
        if path := options.get("-F", "").removeprefix("file=@"):
            sent = SimpleUploadedFile(Path(path).name, (ROOT / path).read_bytes())
            answer = Client().post(address, {"file": sent})
        elif "-d" in options:
            answer = Client().post(address, options["-d"], content_type="application/json")
        else:
            answer = Client().get(address)
    assert answer.status_code in (200, 201), answer.content
    assert answer.json()


def test_every_subject_of_the_description_has_an_example():
    described = Client().get("/api/openapi.json").json()["paths"]
    shown = {example.split("/api/")[1].split("/")[0].split("?")[0] for example in EXAMPLES}
    assert shown == {path.split("/")[2] for path in described}
