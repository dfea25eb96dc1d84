"""How the description tells an answer that is a file and no object."""

from __future__ import annotations

from typing import Any


def of_type(media: str) -> dict[str, Any]:
    """What a route that answers with a file of this type adds to its description."""
    schema = {} if media == "application/json" else {"type": "string", "format": "binary"}
    return {"responses": {200: {"description": "The file", "content": {media: {"schema": schema}}}}}
