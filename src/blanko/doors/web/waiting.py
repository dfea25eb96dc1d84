"""Files that were shown and wait for a yes: kept for a day by the digest of their bytes."""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from blanko.kernel.errors import BlankoError

KEPT_SECONDS = 86_400


class NotWaiting(BlankoError, LookupError):
    """The file that was shown is not kept any more."""


def _folder() -> Path:
    folder = Path(settings.DATA_DIR) / "waiting"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep(given: UploadedFile) -> str:
    """Keep a file that is shown first; return its token. Files that nobody said yes to for a day go."""
    now = time.time()
    for old in _folder().iterdir():
        if now - old.stat().st_mtime > KEPT_SECONDS:
            old.unlink(missing_ok=True)
    digest = hashlib.sha256()
    part = _folder() / f"{time.monotonic_ns()}.part"
    with part.open("wb") as copy:
        for chunk in given.chunks():
            digest.update(chunk)
            copy.write(chunk)
    part.replace(_folder() / digest.hexdigest())
    return digest.hexdigest()


def is_token(text: str) -> bool:
    """Whether this could be a kept file's token."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def path(token: str) -> Path:
    """The kept file. Raises NotWaiting."""
    kept = _folder() / token
    if not is_token(token) or not kept.exists():
        raise NotWaiting("the file is not kept any more", mend="choose it again")
    return kept
