"""Fills in what a prose page takes from the package, so that the two cannot drift.

In any page under ``book/``::

    <!-- pipeline -->                      the pipeline diagram
    <!-- pipeline: text processing -->     the same with one stage marked
    <!-- modules: crossmodal_edu.text -->  the docstrings of a module, or of all modules of a package

Modules are found on disk. A new one appears on the site without an edit here, and
a name that stands for nothing yet leaves no trace.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import crossmodal_edu
from crossmodal_edu.classroom.figures.diagram import pipeline_diagram

_PACKAGE = Path(crossmodal_edu.__file__).parent
_MARK = re.compile(r"<!-- (pipeline|modules)(?:: ([\w .-]+?))? -->")
_MODULE = """
## `{short}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
   :ignore-module-all:
   :show-inheritance:
```
"""


def modules(name: str) -> list[str]:
    """The dotted names of a module or of a package with all that it contains, in order."""
    path = _PACKAGE.joinpath(*name.split(".")[1:])
    if path.with_suffix(".py").is_file():
        return [name]
    files = (file.relative_to(_PACKAGE).with_suffix("") for file in sorted(path.rglob("*.py")))
    parts = [file.parts[:-1] if file.name == "__init__" else file.parts for file in files]
    public = [p for p in parts if not any(part.startswith("_") for part in p)]
    return sorted(".".join(["crossmodal_edu", *part]) for part in public)


def _filled(match: re.Match[str]) -> str:
    what, value = match.groups()
    if what == "pipeline":
        return pipeline_diagram(value)._repr_html_()
    return "\n".join(
        _MODULE.format(name=name, short=name.partition(".")[2] or name)
        for word in value.split()
        for name in modules(word)
    )


def fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace each mark in a page of ``book/`` by what it stands for."""
    if docname.startswith("book/"):
        source[0] = _MARK.sub(_filled, source[0])


def find_by_last_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Resolve what a docstring names briefly, or names outside this package.

    ``top_k`` finds the function of another module, if only one has that name. A real name
    without a docstring of its own, or of another library, stays text. A name that does not
    exist stays a warning.
    """
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    python = env.get_domain("py")
    names = [name for name in python.objects if name.endswith(f".{target}")]
    if len(names) == 1:
        return python.resolve_xref(env, node["refdoc"], app.builder, "obj", names[0], node, content)
    home = sys.modules.get(node.get("py:module") or "")
    root, dot, _ = target.partition(".")
    elsewhere = bool(dot) and root in sys.modules and root != "crossmodal_edu"
    return content if elsewhere or hasattr(home, target) else None


def skip_tuple_fields(
    app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object
) -> bool | None:
    """Leave out Python's own "Alias for field number 0" of named tuples."""
    return True if str(getattr(obj, "__doc__", "")).startswith("Alias for field number") else None


def without_thebe(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Jupyter Book loads Thebe's settings twice on each page, and no page here runs code on a server."""
    scripts = context["script_files"]
    context["script_files"] = [
        script for script in scripts if "thebe" not in f"{script}{getattr(script, 'attributes', '')}".lower()
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about it."""
    app.connect("source-read", fill_in)
    app.connect("autodoc-skip-member", skip_tuple_fields)
    app.connect("missing-reference", find_by_last_name)
    app.connect("html-page-context", without_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
