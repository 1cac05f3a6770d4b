"""Lets chapters and the glossary be plain Markdown, which JupyterLab shows as well.

- ``cosine similarity · 余弦相似度`` with ``: The cosine of …`` below it: an entry of the glossary.
- ``[cosine](../book/glossary.md#term-cosine-similarity)``: a link may name any anchor of a page, not its
  headings alone. A name that is not there stays a warning.
- ``[solutions](solutions/01_pipeline.ipynb)``: a notebook outside the contents is offered as a download.
- A cell tagged ``prediction`` is unfolded by a button that asks for the guess first.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx

_SHOW, _HIDE = "Predict, then click", "Fold it again"
_ENTRY = re.compile(r"^(\S.*)\n: (.+)$", re.MULTILINE)


def _entry(match: re.Match[str]) -> str:
    terms, meaning = match.groups()
    return "\n".join(["```{glossary}", *terms.split(" · "), f"  {meaning}", "```"])


def in_sphinx_words(app: Sphinx, docname: str, source: list[str]) -> None:
    """Write entries of the glossary as its directive, and links to solutions as downloads."""
    if docname == "book/glossary":
        source[0] = _ENTRY.sub(_entry, source[0])
    if docname.startswith("notebooks/"):
        source[0] = source[0].replace("](solutions/", "](path:solutions/")


def name_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """Tell MyST about every anchor of a page beside its headings: terms, works, labels."""
    anchors = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for name in doctree.ids:
        anchors.setdefault(name, (0, name, ""))


def ask_first(app: Sphinx, doctree: nodes.document) -> None:
    """Give the button over a folded prediction its words."""
    for cell in doctree.findall(nodes.container):
        if "tag_prediction" in cell["classes"]:
            cell["prompt_show"], cell["prompt_hide"] = _SHOW, _HIDE


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about it."""
    app.connect("source-read", in_sphinx_words)
    app.connect("doctree-read", name_anchors)
    app.connect("doctree-read", ask_first)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
