"""What the engine refuses."""

from __future__ import annotations

from blanko.kernel.errors import BlankoError


class UnreadableRecords(BlankoError, ValueError):
    """A file cannot be read, lacks a column, or holds what a column cannot hold."""


class InvalidModel(BlankoError, ValueError):
    """The model file is none of ours, or a number in it cannot be."""


class CannotWriteLinks(BlankoError, OSError):
    """The folder takes no files, or the disk is full; no half file was left."""


class CannotSpill(BlankoError, OSError):
    """The folder for what memory cannot hold takes no files, or its disk is full; nothing was left there."""
