"""A POST that names an Idempotency-Key acts once; sent again, it gets the first answer.

Source: the IETF draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from blanko.doors.api.guard import PREFIX
from blanko.doors.api.problems import problem, refusal
from blanko.ground.access import once
from blanko.kernel.errors import BlankoError

HEADER = "Idempotency-Key"
# A movement is named by its device and sequence; its operation is one transaction of the database and of nobody else.
NAMED_BY_DEVICE = ("/api/custody/movements", "/api/custody/openings", "/api/custody/changes")


class Once:
    """Middleware, the last one: the request and the answer that is kept are one transaction.

    What was refused is not kept, so that the mended request may come under the same key.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST" or not request.path.startswith(PREFIX):
            return self.get_response(request)
        if request.path.startswith(NAMED_BY_DEVICE):
            return problem(
                request, code="named_by_device", title="named by device and sequence", status=422,
                detail="a movement is named by its device and sequence, which make it act once",
                mend="leave the header Idempotency-Key out",
            )  # fmt: skip
        asked = fingerprint(request)
        try:
            with transaction.atomic():
                if (before := once.find(key=key, fingerprint=asked)) is not None:
                    answer = HttpResponse(before.body, status=before.status, content_type="application/json")
                    answer.headers["Idempotency-Replayed"] = "true"
                    return answer
                answer = self.get_response(request)
                if answer.status_code < 300:
                    once.keep(
                        key=key, fingerprint=asked, status=answer.status_code, body=answer.content.decode(),
                        at=timezone.now(),
                    )  # fmt: skip
                else:
                    transaction.set_rollback(True)
                return answer
        except BlankoError as error:
            return refusal(request, error)


def fingerprint(request: HttpRequest) -> str:
    """A digest of the address, the officer and what was sent."""
    digest = hashlib.sha256()

    def add(part: str | bytes) -> None:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8) + raw)

    add(request.get_full_path())
    add(request.headers.get("X-Blanko-Officer", ""))
    if not (request.content_type or "").startswith("multipart/"):
        add(request.body)
        return digest.hexdigest()
    for name in sorted(request.POST):
        for value in request.POST.getlist(name):
            add(name)
            add(value)
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            add(name)
            add(_digest_of(file))
    return digest.hexdigest()


def _digest_of(file: UploadedFile) -> bytes:
    digest = hashlib.sha256((file.name or "").encode())
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.digest()
