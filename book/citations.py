"""Keep citations and lists of references in step with ``references.bib``.

A citation is an ordinary link, which the site and JupyterLab both follow::

    [Mikolov et al. (2013a)](../book/references.md#mikolov2013efficient)
    ([Mikolov et al., 2013a](../book/references.md#mikolov2013efficient))

Write ``[](../book/references.md#key)`` and run ``python -m book.citations``. It fills in authors and
year, lists a chapter's works in its cell tagged ``references``, and writes the page of all references.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pybtex.database import Entry, Person, parse_file

ROOT = Path(__file__).resolve().parents[1]
BIBLIOGRAPHY = ROOT / "book" / "references.bib"
PAGE = ROOT / "book" / "references.md"
GENERATED = "<!-- What follows is written by python -m book.citations -->\n"

LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<page>[\w./]*\breferences\.md)#(?P<key>[\w-]+)\)")
"""A citation: a link to an entry of the page of references."""


@dataclass(frozen=True)
class Work:
    """A work as readers see it."""

    key: str
    authors: str  # "Mikolov et al."
    year: str  # "2013", or "2013a" where the same authors have several of a year
    entry: str  # the whole of it, in Markdown, with its address

    def cited(self, *, aside: bool) -> str:
        """``Mikolov et al. (2013a)`` in a sentence, ``Mikolov et al., 2013a`` in brackets."""
        return f"{self.authors}, {self.year}" if aside else f"{self.authors} ({self.year})"


def _plain(field: str) -> str:
    """A field of the bibliography as text that Markdown leaves alone; its letters are Unicode, not LaTeX."""
    text = re.sub(r"[{}]", "", field).replace("--", "–")
    return re.sub(r"([*_\[\]<>`$\\])", r"\\\1", text)


def _last(person: Person) -> str:
    return _plain(" ".join([*person.prelast_names, *person.last_names]))


def _full(person: Person) -> str:
    given = [_plain(name).split("-") for name in (*person.first_names, *person.middle_names)]
    initials = " ".join("-".join(f"{part[0]}." for part in name) for name in given)
    return f"{_last(person)}, {initials}"


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _place(fields: Mapping[str, str]) -> str:
    """Where it appeared: the journal or book, volume and pages."""
    names = ("journal", "booktitle", "publisher", "institution", "organization")
    parts = [_plain(fields[name]) for name in names if name in fields]
    if "volume" in fields:
        parts[-1] += f" {_plain(fields['volume'])}"
    if "number" in fields:
        parts[-1] += f"({_plain(fields['number'])})" if "volume" in fields else f" {_plain(fields['number'])}"
    if "pages" in fields:
        parts.append(_plain(fields["pages"]))
    return ", ".join(parts)


def _addresses(fields: Mapping[str, str]) -> list[str]:
    """Links to where it can be read, the most lasting first."""
    found = []
    if "doi" in fields:
        found.append(f"[doi:{fields['doi']}](https://doi.org/{fields['doi']})")
    if "eprint" in fields:
        found.append(f"[arXiv:{fields['eprint']}](https://arxiv.org/abs/{fields['eprint']})")
    if "url" in fields and not found:
        host = urlsplit(fields["url"]).netloc.removeprefix("www.")
        found.append(f"[{host}]({fields['url']})")
    return found


def _work(key: str, entry: Entry, letter: str) -> Work:
    people = [person for person in entry.persons["author"] if str(person) != "others"]
    many = len(entry.persons["author"]) > 2
    authors = f"{_last(people[0])} et al." if many else _joined([_last(person) for person in people])
    everybody = [_full(person) for person in people]
    names = (
        f"{', '.join(everybody)} et al." if len(people) < len(entry.persons["author"]) else _joined(everybody)
    )
    year = entry.fields["year"] + letter
    parts = [f"{names} ({year})", f"*{_plain(entry.fields['title'])}*"]
    parts += [part for part in (_place(entry.fields), *_addresses(entry.fields)) if part]
    return Work(key, authors, year, ". ".join(part.removesuffix(".") for part in parts) + ".")


def load(path: Path = BIBLIOGRAPHY) -> dict[str, Work]:
    """All works by their keys, in the order of the list."""
    entries = parse_file(path, "bibtex").entries
    plain = [_work(key, entry, "") for key, entry in entries.items()]
    plain.sort(key=lambda work: (work.entry.partition(" (")[0].casefold(), work.entry.casefold()))
    alike = defaultdict(list)
    for work in plain:
        alike[work.authors, work.year].append(work.key)
    works = {}
    for work in plain:
        several = alike[work.authors, work.year]
        letter = chr(ord("a") + several.index(work.key)) if len(several) > 1 else ""
        works[work.key] = _work(work.key, entries[work.key], letter)
    return works


def keys(text: str) -> list[str]:
    """The works that a text cites, in the order in which it does."""
    return list(dict.fromkeys(match["key"] for match in LINK.finditer(text)))


def filled_in(text: str, works: Mapping[str, Work]) -> str:
    """A text with the authors and the year of each citation as the bibliography has them."""

    def cite(match: re.Match[str]) -> str:
        aside = re.search(r",\s\d{4}[a-z]?$", match["text"])
        return f"[{works[match['key']].cited(aside=bool(aside))}]({match['page']}#{match['key']})"

    return LINK.sub(cite, text)


def listed(cited: Iterable[str], works: Mapping[str, Work]) -> str:
    """The list under a chapter: its own works, in the order of the page of references."""
    chosen = set(cited)
    return "\n".join(f"- {work.entry}" for key, work in works.items() if key in chosen)


def page(head: str, works: Mapping[str, Work]) -> str:
    """The page of references: what stands above the mark, then every work under its key."""
    entries = (f"({key})=\n{work.entry}\n" for key, work in works.items())
    return head.partition(GENERATED)[0] + GENERATED + "\n" + "\n".join(entries)


def notebook(content: str, works: Mapping[str, Work]) -> str:
    """A notebook with its citations filled in, and its list written."""
    loaded = json.loads(content)
    cited: list[str] = []
    for cell in loaded["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        source = "".join(cell["source"])
        if "references" in cell["metadata"].get("tags", []):
            source = listed(cited, works)
        else:
            source = filled_in(source, works)
            cited += keys(source)
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(loaded, indent=1, ensure_ascii=False) + "\n"


def pages(root: Path = ROOT) -> dict[Path, str]:
    """What each page and notebook should hold, by its path."""
    works = load()
    written = {PAGE: page(PAGE.read_text(encoding="utf-8"), works)}
    for path in sorted((root / "book").glob("*.md")):
        if path != PAGE:
            written[path] = filled_in(path.read_text(encoding="utf-8"), works)
    for path in sorted((root / "notebooks").rglob("[0-9]*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            written[path] = notebook(path.read_text(encoding="utf-8"), works)
    return written


def main() -> None:
    """Write every page whose citations are not as the bibliography has them."""
    for path, content in pages().items():
        if content != path.read_text(encoding="utf-8"):
            path.write_text(content, encoding="utf-8", newline="\n")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
