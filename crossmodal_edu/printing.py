"""What the command shows: tables, problems, and nothing that moves the cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# The types are told in words: importing them takes seconds, and an error is to be shown at once.

# What a table, a path or a query says is shown as it is: "[red]" is no colour and ":heart:" no heart.
out, err = (Console(markup=False, emoji=False, highlight=False, stderr=stderr) for stderr in (False, True))

_FACTS = ("type", "colour", "pattern", "material", "brand", "price")
_MOST_FACTS = 6


def say(text: object) -> None:
    """One line, however long."""
    out.print(printable(text), soft_wrap=True)


def report_problems(problems: Sequence[Any], name: str, most: int) -> None:
    """What was wrong with a table: the first of it in full, and of the rest how often each kind."""
    for problem in problems[:most]:
        err.print(printable(f"{Path(name).name}, {problem}"), soft_wrap=True)
    kinds = Counter(problem.problem.split(" '")[0].split(":")[0][:60] for problem in problems[most:])
    for kind, count in kinds.most_common(8):
        err.print(printable(f"… and {count:,} more: {kind} …"), soft_wrap=True)
    if kinds:
        err.print(f"in all {len(problems):,}; to see more: --problems {len(problems)}")


def show_results(results: Any) -> None:
    """A search as a table, its notes before it."""
    for note in results.notes:
        err.print(printable(note), soft_wrap=True)
    if not len(results):
        out.print("nothing to show")
        return
    asked = " and ".join(side.value for side in results.asked)
    shown = Table("", "score", "matched", "id", "title", "attributes", title=f"asked by {asked}")
    for hit in results:
        facts = ", ".join(_facts(hit.product.attributes))
        cells = (hit.rank, f"{hit.score:.2f}", hit.matched.value, hit.product.id, hit.product.title, facts)
        shown.add_row(*map(printable, cells))
    out.print(shown)


def show_info(engine: Any, name: str) -> None:
    """What a catalogue holds: products, sides, attributes, and the model that embedded it."""
    from crossmodal_edu.pretrained import KNOWS

    shown = Table("what", "", title=printable(name), show_header=False)
    shown.add_row("products", f"{len(engine):,}")
    for side in engine.model.encoders:
        shown.add_row(f"… with {side.value}", f"{len(engine.vectors(side)[0]):,}")
    shown.add_row("attributes", printable(", ".join(engine.catalog.attributes)))
    model = engine.model.name
    shown.add_row("model", f"{model}: {KNOWS[model]}" if model in KNOWS else printable(model or "your own"))
    out.print(shown)


def show_reports(reports: Mapping[tuple[str, str], Any], title: str) -> None:
    """Measures of several directions, with what chance would give below."""
    names = ("R@1", "R@10", "MRR")
    shown = Table("query", "finds", *names, title=title)
    for (asked, gallery), report in reports.items():
        # A gallery of three has no first five.
        shown.add_row(asked, gallery, *(str(report.measures.get(name, "")) for name in names))
    first = next(iter(reports.values()))
    chance = (f"{first.chance[name]:.3f}" if name in first.chance else "" for name in names)
    shown.add_row("chance", "", *chance)
    out.print(shown)


def printable(text: object) -> str:
    """Without the signs that would move the cursor or colour the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in str(text))


def _facts(attributes: Mapping[str, object]) -> list[str]:
    """The attributes that tell most at a glance, those of a table of one's own in their order."""
    names = sorted(attributes, key=lambda name: _FACTS.index(name) if name in _FACTS else len(_FACTS))
    return [
        # As it stands in the table: 1250000, not 1.25e+06.
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in (attributes[name] for name in names[:_MOST_FACTS])
    ]
