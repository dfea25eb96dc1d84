"""List what the rooms may refuse or warn of, for translation: doors/web/refusals.py from the raise sites of the code.

Usage: python scripts/make_refusals.py   (a test fails when the list is not that of the code)
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src" / "blanko"
LISTED = ROOT / "doors" / "web" / "refusals.py"
# Rooms whose refusals can reach a page. What only a command says stays English.
ROOMS = (
    "kernel", "engines/allocation", "engines/runout", "ground/access", "ground/audit", "ground/files",
    "ground/places", "records", "cards", "decisions/cases", "decisions/planning", "decisions/transparency", "doors/web",
    "doors/api",
)  # fmt: skip
HEAD = '''"""Sentences that the rooms refuse with, as templates to be translated. Made by scripts/make_refusals.py."""

from django.utils.translation import gettext_noop as _

REFUSALS = (
'''


def templates(root: Path = ROOT) -> list[str]:
    """What a refusal of the listed rooms may say, once each and in order.

    That is every constant message and mend, the hints of the database, and the meaning of each error that stands for
    a refusal of the database: its own message has numbers in it already.
    """
    found: set[str] = set()
    for room in ROOMS:
        for path in (root / room).rglob("*.sql"):
            found |= set(re.findall(r"HINT = '([^']+)'", path.read_text(encoding="utf-8")))
        for path in (root / room).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= _meanings(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and any(keyword.arg == "mend" for keyword in node.keywords):
                    given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "mend")]
                    found |= {
                        item.value for item in given if isinstance(item, ast.Constant) and isinstance(item.value, str)
                    }
    found |= _of_plans(root) | _of_cases(root) | _of_api(root)
    # A sentence of values alone says nothing that could be translated.
    return sorted(text for text in found if re.search(r"[a-z]", re.sub(r"\{\w+\}", "", text)))


def _meanings(tree: ast.Module) -> set[str]:
    """First lines of the docstrings of the errors that REFUSALS and CONSTRAINTS of a room's rules name."""
    named = {
        value.id
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in ("REFUSALS", "CONSTRAINTS")
        if isinstance(node.value, ast.Dict)
        for value in node.value.values
        if isinstance(value, ast.Name)
    }
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in named)
    return {(ast.get_docstring(node) or "").partition("\n")[0] for node in classes}


def _of_plans(root: Path) -> set[str]:
    """What the outlook warns of, and what the built-in cases quote."""
    outlook = root / "decisions" / "planning" / "outlook"
    found = {
        item.value
        for node in ast.walk(ast.parse((outlook / "problems.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem"
        for item in node.args[2:4]
        if isinstance(item, ast.Constant)
    }
    for path in (outlook / "cases").glob("*.toml"):
        case = tomllib.loads(path.read_text(encoding="utf-8"))
        found |= {promise["text"] for promise in case["promise"]} | {reading["title"] for reading in case["reading"]}
    return found


def _of_cases(root: Path) -> set[str]:
    """What the reader of cases refuses: ``self.refuse(key, message, mend)``."""
    tree = ast.parse((root / "decisions" / "planning" / "outlook" / "case.py").read_text(encoding="utf-8"))
    return {
        item.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "refuse"
        for item in node.args[1:3]
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    }


def _of_api(root: Path) -> set[str]:
    """What the API itself answers: titles and details of its problems, and its lists of mends and misfits."""
    found: set[str] = set()
    for path in (root / "doors" / "api").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("problem", "gettext"):
                given = [*node.args, *(word.value for word in node.keywords if word.arg in ("title", "detail"))]
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("MENDS", "MISFITS", "PHRASES"):
                given = list(getattr(node.value, "values", []))
            else:
                continue
            found |= {item.value for item in given if isinstance(item, ast.Constant) and isinstance(item.value, str)}
    return found


def listed() -> str:
    lines = "".join(f"    _({_quoted(text)}),\n" for text in templates())
    return f"{HEAD}{lines})\n"


def _quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text and "\\" not in text else repr(text)


if __name__ == "__main__":
    LISTED.write_text(listed(), encoding="utf-8")
