"""What can keep a database from being there. Each says in one line what would mend it."""

from __future__ import annotations

from blanko.kernel.errors import BlankoError


class NoPostgres(BlankoError):
    """No usable PostgreSQL binaries were found."""


class ServerFailed(BlankoError):
    """The server was found and did not start."""


class UnsafeRole(BlankoError):
    """The application's role could pass by the rules that the database keeps."""


class NotOurs(BlankoError):
    """The database holds something that this command would destroy."""


class DiskFull(BlankoError):
    """What was to be stored has no room. Nothing half-done stays, and the next run works once there is space."""
