"""Rules that no linter knows: chapters named, modules short, no machine's paths in the tree, small data."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "crossmodal_edu"
BUILT_IN_A_CHAPTER = ("text", "image", "audio", "spaces", "retrieval", "evaluation", "padding.py")
MODULES = sorted(PACKAGE.rglob("*.py"))
TEXT_SUFFIXES = {
    "",
    ".bib",
    ".cff",
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".ipynb",
    ".js",
    ".json",
    ".md",
    ".py",
    ".svg",
    ".toml",
    ".txt",
    ".yml",
}
SKIPPED_FOLDERS = {"_build", "generated", "__pycache__", ".ipynb_checkpoints", ".hypothesis"}


def _files() -> Iterator[Path]:
    """The files of the project, whether or not git is here."""
    for place in sorted(ROOT.iterdir()):
        if place.is_file() and place.name != ".git":  # a work tree of git has a file of that name
            yield place
        elif place.name in {".ci", "benchmarks", "book", "crossmodal_edu", "data", "notebooks", "tests"}:
            for path in sorted(place.rglob("*")):
                if path.is_file() and not SKIPPED_FOLDERS & set(path.relative_to(ROOT).parts):
                    yield path


def _text(path: Path) -> str:
    """What a person reads: of a notebook the cells and the outputs, without the pictures' bytes."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return content
    parts = []
    for cell in json.loads(content)["cells"]:
        parts.append("".join(cell["source"]))
        for output in cell.get("outputs", []):
            parts.append("".join(output.get("text", "")))
            parts += [
                "".join(value) for kind, value in output.get("data", {}).items() if kind.startswith("text/")
            ]
    return "\n".join(parts)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


TEXTS = [path for path in _files() if path.suffix in TEXT_SUFFIXES]


def public_functions(module: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


@pytest.mark.parametrize(
    "module",
    [path for path in MODULES if path.relative_to(PACKAGE).parts[0] in BUILT_IN_A_CHAPTER],
    ids=_name,
)
def test_every_public_function_names_its_chapter(module):
    silent = [
        function.name
        for function in public_functions(module)
        if not re.search(r"Chapter \d\d", ast.get_docstring(function) or "")
    ]
    assert not silent, f"say which chapter builds {', '.join(silent)} ('Chapter 14.' in the notes)"


def lines_of_code(source: str) -> int:
    """Lines that do something: docstrings, comments and empty lines are not counted."""
    told = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    silent = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    spoken = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in silent
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(spoken - told)


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_a_module_can_be_read_in_one_sitting(module):
    assert lines_of_code(module.read_text(encoding="utf-8")) <= 310, "split it by idea"


# What only notebooks use, and the generator of the shop, do not belong to the pipeline.
OUTSIDE = ("classroom", "datasets/shop")
MOST_LINES = 8_000


def test_the_package_stays_small():
    """What a reader reads to understand the pipeline; ``pytest -s`` prints the table."""
    lines: dict[str, int] = {}
    for module in MODULES:
        parts = module.relative_to(PACKAGE).parts
        folder = next((place for place in OUTSIDE if "/".join(parts).startswith(f"{place}/")), parts[0])
        folder = "." if len(parts) == 1 else folder
        lines[folder] = lines.get(folder, 0) + lines_of_code(module.read_text(encoding="utf-8"))
    pipeline = sum(count for folder, count in lines.items() if folder not in OUTSIDE)
    table = [f"{folder:<16} {count:>6,}" for folder, count in sorted(lines.items())]
    print("\n".join(["lines of code by folder", *table, f"{'the pipeline':<16} {pipeline:>6,}"]))
    assert pipeline <= MOST_LINES, f"the pipeline has {pipeline:,} lines of code, more than {MOST_LINES:,}"


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_a_module_says_what_it_is_for_by_name_and_first_line(module):
    assert module.stem not in {"utils", "helpers", "common", "misc"}
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


# Written in pieces, so that this file does not hold what it looks for.
FORBIDDEN = {
    "the path of one machine": re.compile(
        r"(?<![\w.])/(?:" + "|".join(["work", "root", "home", "Users"]) + r")/\w|[A-Z]:\\Users\\"
    ),
    "a package registry's host": re.compile(
        "|".join(["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)"])
    ),
    "an unfinished note": re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_in_the_tree_holds(what):
    found = []
    for path in TEXTS:
        for number, line in enumerate(_text(path).splitlines(), start=1):
            if match := FORBIDDEN[what].search(line):
                found.append(f"{_name(path)}:{number}: {match.group()}")
    assert not found, f"{what}: " + "; ".join(found[:10])


@pytest.mark.parametrize(("folder", "most"), [("data", 45), ("data/shop", 30), ("data/models", 15)])
def test_what_ships_is_small(folder, most):
    size = sum(path.stat().st_size for path in (ROOT / folder).rglob("*") if path.is_file())
    assert size <= most * 1e6, f"{folder} holds {size / 1e6:.1f} MB, at most {most} MB ship"


def test_nothing_that_ships_is_executable_code():
    """Weights are safetensors, arrays NPZ or Parquet: nothing that runs when it is opened."""
    suffixes = {path.suffix for path in (ROOT / "data").rglob("*") if path.is_file()}
    assert not suffixes & {".pkl", ".pickle", ".pt", ".pth", ".joblib", ".npy", ".exe", ".sh"}
