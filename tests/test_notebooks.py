"""Rules for chapters that need no run: cells equal the package, figures are small and told in words."""

from __future__ import annotations

import ast
import base64
import functools
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "crossmodal_edu"
CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
BUILT_IN_A_CHAPTER = ("text", "image", "audio", "spaces", "retrieval", "evaluation")

# "Chapter 14." in a docstring: built there. "Used in Chapter 14.": called there, not shown.
BUILT_IN = re.compile(r"(?<!Used in )Chapter (\d\d)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=_name)
each_notebook = pytest.mark.parametrize("path", [*CHAPTERS, *SOLUTIONS], ids=_name)


@functools.cache
def _cells(path: Path) -> list:
    return nbformat.read(path, as_version=4).cells


def _code(path: Path) -> list:
    return [cell for cell in _cells(path) if cell.cell_type == "code"]


# --- cells equal the package -------------------------------------------------------------------------


class _Bare(ast.NodeTransformer):
    """Take off what a light cell leaves out: docstrings, annotations, decorators, ``check_…`` guards."""

    def _definition(self, node):
        node.decorator_list = []
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self._definition(node)

    visit_ClassDef = _definition

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        if node.value is None:  # a dataclass's field: its name is what counts
            return ast.Expr(node.target)
        return ast.Assign([node.target], self.visit(node.value))

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name.lstrip("_").startswith("check_"):
                return None
        return self.generic_visit(node)


def bare(definition: ast.AST) -> str:
    """The source of a definition, as a reader of a cell would see it."""
    return ast.unparse(ast.fix_missing_locations(_Bare().visit(definition)))


def _defined(tree: ast.Module) -> dict[str, ast.AST]:
    """Top-level functions, classes and constants, by name."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return found


@functools.cache
def _package() -> dict[str, list[str]]:
    """The bare sources of every name in the package; one name may live in several modules."""
    sources: dict[str, list[str]] = {}
    for module in sorted(PACKAGE.rglob("*.py")):
        for name, node in _defined(ast.parse(module.read_text(encoding="utf-8"))).items():
            sources.setdefault(name, []).append(bare(node))
    return sources


def _package_cells(path: Path) -> list:
    return [cell for cell in _code(path) if "package" in cell.metadata.get("tags", [])]


@each_chapter
def test_package_cells_equal_the_package(path):
    for cell in _package_cells(path):
        tree = ast.parse(cell.source)
        defined = _defined(tree)
        others = [
            node
            for node in tree.body
            if not isinstance(node, ast.Import | ast.ImportFrom) and node not in defined.values()
        ]
        assert not others, f"a cell tagged 'package' only defines; move out: {ast.unparse(others[0])}"
        for name, node in defined.items():
            assert name in _package(), f"{name} is not in the package"
            mine = bare(node)
            assert mine in _package()[name], (
                f"the cell and the package differ in {name}.\nThe cell:\n{mine}\nThe package:\n"
                + "\n\nor\n\n".join(_package()[name])
            )


def _built_in() -> list[tuple[str, str]]:
    """(chapter, function) for each public function that names the chapter which builds it."""
    pairs = []
    for folder in BUILT_IN_A_CHAPTER:
        for module in sorted((PACKAGE / folder).rglob("*.py")):
            for node in ast.parse(module.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    chapter = BUILT_IN.search(ast.get_docstring(node) or "")
                    if chapter:
                        pairs.append((chapter[1], node.name))
    return pairs


@each_chapter
def test_a_chapter_shows_every_function_that_names_it(path):
    shown = {name for cell in _package_cells(path) for name in _defined(ast.parse(cell.source))}
    missing = [name for chapter, name in _built_in() if chapter == path.name[:2] and name not in shown]
    assert not missing, (
        f"no cell tagged 'package' defines {', '.join(missing)}; "
        f"if the chapter only calls it, let its docstring say 'Used in Chapter {path.name[:2]}.'"
    )


@pytest.mark.parametrize(
    ("cell", "module"),
    [
        (
            "def f(x, k=1):\n    return x",
            '@jit\ndef f(x: int, k: int = 1) -> int:\n    """Doc."""\n    return x',
        ),
        ("def f(x):\n    y = x\n    return y", "def f(x):\n    check_shape(x)\n    y: int = x\n    return y"),
        ("class A:\n    x: int", '@dataclass\nclass A:\n    """Doc."""\n    x: Float[Tensor, "n"]'),
        ("def f(): pass", 'def f() -> None:\n    """Doc."""'),
    ],
)
def test_a_light_cell_equals_its_guarded_form(cell, module):
    assert bare(ast.parse(cell).body[0]) == bare(ast.parse(module).body[0])


@pytest.mark.parametrize(
    ("cell", "module"),
    [
        ("def f(x):\n    return x", "def f(x):\n    return -x"),
        ("def f(x, k=1):\n    return x", "def f(x, k=2):\n    return x"),
        ("def f(x):\n    return g(x)", "def f(x):\n    h(x)\n    return g(x)"),
        ("class A:\n    x: int", "class A:\n    y: int"),
        ("class A:\n    x: int = 1", "class A:\n    x: int = 2"),
    ],
)
def test_other_code_is_not_taken_for_the_same(cell, module):
    assert bare(ast.parse(cell).body[0]) != bare(ast.parse(module).body[0])


# --- what a chapter may weigh ------------------------------------------------------------------------


@each_notebook
def test_the_code_of_a_notebook_is_short(path):
    lines = sum(bool(line.strip()) for cell in _code(path) for line in cell.source.splitlines())
    assert lines <= 300


@each_notebook
def test_a_notebook_is_small(path):
    assert path.stat().st_size <= 1_500_000


def _figures(path: Path) -> list[tuple]:
    """(cell, kind, picture, metadata) for each picture among the outputs."""
    return [
        (cell, kind, content, output.get("metadata", {}).get(kind, {}))
        for cell in _code(path)
        for output in cell.outputs
        for kind, content in output.get("data", {}).items()
        if kind.startswith("image/")
    ]


@each_notebook
def test_a_figure_is_small(path):
    for _, kind, content, _ in _figures(path):
        size = len(content.encode()) if kind == "image/svg+xml" else len(base64.b64decode(content))
        assert size <= 150_000, f"a figure of {size / 1000:.0f} kB ({kind})"


def tells(alt: str | None) -> bool:
    """Whether an alternative text says something: words, not a file's name."""
    return bool(alt) and len(alt.split()) >= 3 and not re.search(r"\.(png|svg|jpe?g|webp)$", alt.strip())


@each_notebook
def test_every_figure_is_told_in_words(path):
    for cell, kind, _, metadata in _figures(path):
        alt = metadata.get("alt") or cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
        assert tells(alt), (
            f"{kind} without alt text: give the cell the metadata mystnb.image.alt.\n{cell.source[:200]}"
        )
    for cell in _code(path):
        for output in cell.outputs:
            for tag in re.findall(r"<img\b[^>]*>", output.get("data", {}).get("text/html", "")):
                alt = re.search(r"""\balt=(["'])(.*?)\1""", tag)
                assert alt, f"<img> without alt text in the output of\n{cell.source[:200]}"


@each_notebook
def test_every_picture_in_the_prose_is_told_in_words(path):
    for cell in _cells(path):
        if cell.cell_type != "markdown":
            continue
        for alt in re.findall(r"!\[([^\]]*)\]\(", cell.source):
            assert tells(alt), f"a picture in the prose has the alt text {alt!r}"
        for body in re.findall(r"[`:]{3,}\{(?:figure|image)\}[^\n]*\n(.*?)[`:]{3,}", cell.source, re.DOTALL):
            alt = re.search(r"^:alt:\s*(.+)$", body, re.MULTILINE)
            assert tells(alt and alt[1]), f"a figure in the prose has no alt text: {body[:100]}"


@each_notebook
def test_the_stored_run_is_whole_and_went_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in _code(path) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))
    for cell in _code(path):
        if "raises-exception" not in cell.metadata.get("tags", []):
            assert not [output for output in cell.outputs if output.output_type == "error"], cell.source


LOADS = {
    "load_fashion": "fashion",
    "load_fashion_mnist": "fashion_mnist",
    "load_grocery": "grocery",
    "load_spoken_digits": "spoken_digits",
    "gcide_sentences": "corpora",
}
"""What downloads, or needs a download, by the function that opens it."""


@each_notebook
def test_a_notebook_names_the_data_sets_that_do_not_ship(path):
    """``notebooks/conftest.py`` skips it where they are absent."""
    code = "\n".join(cell.source for cell in _code(path))
    opened = {name for function, name in LOADS.items() if re.search(rf"\b{function}\b", code)}
    assert set(nbformat.read(path, as_version=4).metadata.get("data_sets", ())) == opened


def test_solutions_belong_to_chapters():
    assert {path.name for path in SOLUTIONS} <= {path.name for path in CHAPTERS}


def test_chapter_numbers_are_given_once():
    numbers = [path.name[:2] for path in CHAPTERS]
    assert len(numbers) == len(set(numbers))
