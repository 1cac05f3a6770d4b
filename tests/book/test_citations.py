"""Citations, terms and links of chapters: ordinary Markdown that the site and JupyterLab both show."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from book import citations

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))
PAGES = sorted((ROOT / "book").glob("*.md"))
TERM = re.compile(r"\]\((?P<page>[\w./]*\bglossary\.md)(?:#(?P<anchor>[^)]*))?\)")

BIBLIOGRAPHY = r"""
@article{one, author = {van der Berg, Anna Maria}, title = {On {X}}, journal = {J}, volume = {3},
  number = {2}, pages = {1--2}, year = {2001}, doi = {10.1/a_b}}
@misc{two, author = {Li, Wei and Ng, Jo-Ann}, title = {Second}, year = {2002}, eprint = {1.2}}
@misc{three, author = {Li, Wei and Ng, Jo-Ann}, title = {First}, year = {2002}, url = {https://www.a.org/x}}
@misc{many, author = {Li, Wei and Ng, Jo-Ann and others}, title = {Why?}, year = {2003}, eprint = {3.4}}
"""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _prose(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.fixture
def works(tmp_path):
    path = tmp_path / "some.bib"
    path.write_text(BIBLIOGRAPHY, encoding="utf-8")
    return citations.load(path)


def test_a_work_as_readers_see_it(works):
    assert list(works) == ["three", "two", "many", "one"]
    assert works["one"].cited(aside=False) == "van der Berg (2001)"
    assert works["one"].entry == (
        "van der Berg, A. M. (2001). *On X*. J 3(2), 1–2. [doi:10.1/a_b](https://doi.org/10.1/a_b)."
    )
    assert works["three"].entry == "Li, W. and Ng, J.-A. (2002a). *First*. [a.org](https://www.a.org/x)."
    assert works["two"].cited(aside=True) == "Li and Ng, 2002b"
    assert works["many"].cited(aside=False) == "Li et al. (2003)"
    assert works["many"].entry.startswith("Li, W., Ng, J.-A. et al. (2003). *Why?*. [arXiv:3.4]")


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("[](references.md#two)", "[Li and Ng (2002b)](references.md#two)"),
        ("[Lee (1999)](../book/references.md#two)", "[Li and Ng (2002b)](../book/references.md#two)"),
        ("([Lee, 1999](references.md#two))", "([Li and Ng, 2002b](references.md#two))"),
        ("[all](references.md)", "[all](references.md)"),
    ],
)
def test_authors_and_year_are_filled_in(works, written, right):
    assert citations.filled_in(written, works) == right
    assert citations.filled_in(right, works) == right


def test_a_citation_of_nothing_is_refused(works):
    with pytest.raises(KeyError):
        citations.filled_in("[Nobody (2000)](references.md#nobody)", works)


def test_a_list_holds_the_works_of_its_chapter_alone(works):
    cited = citations.keys("[a](references.md#one), [b](references.md#two), [a](references.md#one)")
    assert cited == ["one", "two"]
    assert citations.listed(cited, works).splitlines() == [
        f"- {works['two'].entry}",
        f"- {works['one'].entry}",
    ]


@pytest.fixture(scope="module")
def due() -> dict[Path, str]:
    """What each page should hold."""
    return citations.pages()


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=_name)
def test_citations_and_lists_agree_with_the_bibliography(path, due):
    assert path.read_text(encoding="utf-8") == due[path], "run python -m book.citations"


@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p.parent.name == "notebooks"], ids=_name)
def test_a_chapter_ends_with_the_list_of_its_works(path):
    last = nbformat.read(path, as_version=4).cells[-2:]
    assert last[0].source.startswith("## References")
    assert last[1].metadata.get("tags") == ["references"] and last[1].source.startswith("- ")


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=_name)
def test_a_link_to_a_term_names_one(path):
    entries = re.findall(
        r"^(\S.*)\n: ", (ROOT / "book/glossary.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    terms = [term for names in entries for term in names.split(" · ") if term.isascii()]
    anchors = {"term-" + re.sub(r"[^A-Za-z0-9]+", "-", term).strip("-") for term in terms}
    for link in TERM.finditer(_prose(path)):
        assert (path.parent / link["page"]).resolve() == ROOT / "book/glossary.md"
        assert link["anchor"] is None or link["anchor"] in anchors, link[0]


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=_name)
def test_no_role_that_jupyterlab_shows_as_it_stands(path):
    assert re.findall(r"\{(?:cite|term|doc|ref|numref|download)\b[^}]*\}`[^`]*`", _prose(path)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_a_link_in_a_notebook_has_words_and_leads_to_a_file(path):
    """JupyterLab fills in no words, and opens what lies there."""
    for words, target in re.findall(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)", _prose(path)):
        if not re.match(r"https?:|#", target):
            assert words, target
            assert (path.parent / target.partition("#")[0]).is_file(), target
