"""Rules for chapters that need no run: cells equal the package, figures are small and told in words."""

from __future__ import annotations

import ast
import base64
import copy
import functools
import io
import itertools
import re
import tokenize
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "crossmodal_edu"
CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
BUILT_IN_A_CHAPTER = (
    *("text", "image", "audio", "spaces", "retrieval", "evaluation", "padding.py"),
    *("classroom/cnn.py", "classroom/convolution.py", "classroom/recogniser.py"),
)

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


SHOWN = ("__init__", "forward", "__call__")  # of a class; what else it has may stay out of a cell


def shown_part(cell: ast.ClassDef, package: ast.ClassDef) -> str:
    """The bare source of a class of the package, with what a cell shows of it and what it has to show."""
    shown = {name for node in cell.body for name in _names_of(node)}
    kept = [node for node in package.body if _names_of(node) & {*shown, *SHOWN}]
    told = ast.get_docstring(package, clean=False) is not None
    part = ast.ClassDef(package.name, package.bases, package.keywords, kept, package.decorator_list)
    part.body = [*package.body[:1], *kept] if told else kept
    return bare(copy.deepcopy(part))


def _names_of(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return {target.id for target in targets if isinstance(target, ast.Name)}


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
def _package() -> dict[str, list[ast.AST]]:
    """The definitions of every name in the package; one name may live in several modules."""
    sources: dict[str, list[ast.AST]] = {}
    for module in sorted(PACKAGE.rglob("*.py")):
        for name, node in _defined(ast.parse(module.read_text(encoding="utf-8"))).items():
            sources.setdefault(name, []).append(node)
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
            theirs = [
                shown_part(node, other) if isinstance(node, ast.ClassDef) else bare(copy.deepcopy(other))
                for other in _package()[name]
                if type(other) is type(node) or not isinstance(node, ast.ClassDef)
            ]
            mine = bare(node)
            assert mine in theirs, (
                f"the cell and the package differ in {name}.\nThe cell:\n{mine}\nThe package:\n"
                + "\n\nor\n\n".join(theirs)
            )


def _built_in() -> list[tuple[str, str]]:
    """(chapter, name) for each public function and class that names the chapter which builds it."""
    pairs = []
    for place in BUILT_IN_A_CHAPTER:
        modules = [PACKAGE / place] if place.endswith(".py") else sorted((PACKAGE / place).rglob("*.py"))
        for module in modules:
            for node in ast.parse(module.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                    chapter = BUILT_IN.search(ast.get_docstring(node) or "")
                    if chapter:
                        pairs.append((chapter[1], node.name))
    return pairs


@each_chapter
def test_a_chapter_shows_every_function_and_class_that_names_it(path):
    shown = {name for cell in _package_cells(path) for name in _defined(ast.parse(cell.source))}
    missing = [name for chapter, name in _built_in() if chapter == path.name[:2] and name not in shown]
    assert not missing, (
        f"no cell tagged 'package' defines {', '.join(missing)}; "
        f"if the chapter only calls it, let its docstring say 'Used in Chapter {path.name[:2]}.'"
    )


WHOLE = """class A(B):
    'Doc.'

    k: int = 2

    def __init__(self):
        self.x = 1

    def forward(self, x: int) -> int:
        'Doc.'
        return x

    def save(self):
        return 3
"""
HEART = (
    "class A(B):\n    def __init__(self):\n        self.x = 1\n    def forward(self, x):\n        return x\n"
)


@pytest.mark.parametrize(
    ("cell", "same"),
    [
        (HEART, True),
        (HEART.replace("(B):", "(B):\n    k = 2"), True),
        (HEART + "    def save(self):\n        return 3", True),
        (HEART.partition("    def forward")[0], False),
        (HEART.replace("return x", "return -x"), False),
        (HEART.replace("(B)", ""), False),
        (HEART.replace("(B):", "(B):\n    k = 3"), False),
        (HEART + "    def save(self):\n        return 4", False),
        (HEART + "    def more(self):\n        return 5", False),
    ],
)
def test_a_cell_may_leave_out_the_plumbing_of_a_class_and_nothing_else(cell, same):
    mine, theirs = ast.parse(cell).body[0], ast.parse(WHOLE).body[0]
    assert (bare(copy.deepcopy(mine)) == shown_part(mine, theirs)) is same


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


def _tags(cell) -> set[str]:
    return set(cell.metadata.get("tags", []))


def _without_magics(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))


def lines_of_code(source: str) -> int:
    """Lines as Python counts them: a call broken over several counts once, comments and imports do not."""
    plain = _without_magics(source) + "\n"
    imports = sum(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(ast.parse(plain)))
    tokens = tokenize.generate_tokens(io.StringIO(plain).readline)
    return sum(token.type == tokenize.NEWLINE for token in tokens) - imports


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("%matplotlib inline\n\n# why\nx = 1  # one", 1),
        ("f(\n    1,\n    2,\n)\ny = [\n    3\n]", 2),
        ("import a\nfrom b import (\n    c,\n)\nc(a)", 1),
        ('"""A\nlong\ntext."""\nif x:\n    y', 3),
    ],
)
def test_a_broken_line_counts_once(source, lines):
    assert lines_of_code(source) == lines


@each_notebook
def test_the_code_of_a_notebook_is_short(path):
    lines = sum(lines_of_code(cell.source) for cell in _code(path) if "figure" not in _tags(cell))
    assert lines <= 300, f"{lines} lines of teaching code; tag 'figure' what only draws"


def _names(source: str, kind: type) -> list[str]:
    """Names that code stores or loads, in the order in which they stand."""
    found = [node for node in ast.walk(ast.parse(_without_magics(source))) if isinstance(node, ast.Name)]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return [node.id for node in found if isinstance(node.ctx, kind)]


def needed_elsewhere(cells: list) -> list[str]:
    """What cells tagged ``figure`` define although a later cell that is none needs it."""
    drawn: set[str] = set()
    needed = []
    for cell in cells:
        own = set(_defined(ast.parse(_without_magics(cell.source)))) | set(_names(cell.source, ast.Store))
        if "figure" in _tags(cell):
            drawn |= own
        else:
            needed += [name for name in _names(cell.source, ast.Load) if name in drawn - own]
            drawn -= own
    return needed


@each_notebook
def test_a_cell_tagged_figure_only_draws(path):
    for cell in _code(path):
        if "figure" in _tags(cell):
            kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
            assert kinds & {"image/png", "image/svg+xml", "text/html"}, f"draws nothing:\n{cell.source}"
    assert needed_elsewhere(_code(path)) == [], "defined in a cell tagged 'figure', and needed by another"


def test_a_figure_that_others_need_is_found():
    draw = nbformat.v4.new_code_cell("x = 1\nplot(x)", metadata={"tags": ["figure"]})
    assert needed_elsewhere([draw, nbformat.v4.new_code_cell("print(x)")]) == ["x"]
    assert needed_elsewhere([draw, nbformat.v4.new_code_cell("x = 2\nprint(x)")]) == []


# --- predict, then click -----------------------------------------------------------------------------

ASKS = re.compile(r"\bPredict\b|\bbefore you (?:run|look)\b")


def unanswered(cells: list) -> list[str]:
    """Texts that ask for a prediction, and the cells under them that give it away or do not give it."""
    wrong = []
    for place, cell in enumerate(cells):
        if cell.cell_type == "markdown" and ASKS.search(cell.source):
            below = list(itertools.takewhile(lambda other: other.cell_type == "code", cells[place + 1 :]))
            answers = [other for other in below if other.outputs]
            if not answers or not all("prediction" in _tags(other) for other in answers):
                wrong.append(cell.source[-200:])
            elif not any(_tells_a_value(other) for other in answers):
                wrong.append(answers[0].source[-200:])
    return wrong


def _tells_a_value(cell) -> bool:
    """Whether a reader can hold a guess against it: something printed or tabled, not a picture alone."""
    return any(
        output.output_type == "stream"
        or "text/html" in output.get("data", {})
        or not any(kind.startswith("image/") for kind in output.get("data", {}))
        for output in cell.outputs
    )


@each_notebook
def test_a_prediction_is_answered_by_a_value_and_folded(path):
    assert unanswered(_cells(path)) == [], "tag what answers it 'prediction', and let it print the value"


@each_notebook
def test_a_prediction_is_folded_on_the_site_and_in_jupyterlab(path):
    for cell in _code(path):
        if "prediction" in _tags(cell):
            whole = "hide-cell" in _tags(cell)
            assert whole != ("hide-output" in _tags(cell)), f"hide-output or hide-cell:\n{cell.source}"
            folded = {"outputs_hidden": True, "source_hidden": True} if whole else {"outputs_hidden": True}
            assert cell.metadata.get("jupyter") == folded, f"{folded} is missing:\n{cell.source}"
            if cell.outputs and cell.outputs[0].output_type == "stream":  # shown on JupyterLab's fold
                assert cell.outputs[0].text.startswith("The answer:\n"), cell.source
            tells_early = re.search(r"\bexpect\(|title=", cell.source)
            assert whole or not tells_early, f"the code gives it away, hide-cell:\n{cell.source}"


def test_an_open_prediction_is_found():
    ask = nbformat.v4.new_markdown_cell("**Predict** the sum.")
    value = nbformat.v4.new_output("stream", text="3")
    picture = nbformat.v4.new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"})

    def answer(tags, *outputs):
        return nbformat.v4.new_code_cell("1 + 2", metadata={"tags": tags}, outputs=list(outputs))

    silent = nbformat.v4.new_code_cell("pass")
    assert unanswered([ask, silent, answer(["prediction"], value)]) == []
    assert unanswered([ask, answer(["prediction"], value), answer(["prediction"], picture)]) == []
    for cells in (
        [ask],
        [ask, silent],
        [ask, ask.copy(), answer(["prediction"], value)],
        [ask, answer([], value)],
        [ask, answer(["prediction"], picture)],
        [ask, answer(["prediction"], value), answer([], value)],
    ):
        assert unanswered(cells) != []


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
