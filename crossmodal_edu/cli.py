"""The command ``crossmodal``: search, index, evaluate, make a shop, download, check this machine."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

# What the commands need is imported inside them, so that --help answers at once.

app = typer.Typer(
    help="Search products by words, pictures and sound. "
    "Exit codes: 0 done, 1 the input cannot be used, 2 the command line cannot be read.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
# What a table, a path or a query says is shown as it is: "[red]" is no colour and ":heart:" no heart.
_out, _err = (Console(markup=False, emoji=False, highlight=False, stderr=stderr) for stderr in (False, True))

CatalogOption = Annotated[
    str,
    typer.Option("--catalog", "-c", help="shop, fashion, a folder made by `crossmodal index`, or a table."),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="The model that embeds products: shop or fashion.")
]
MediaRootOption = Annotated[
    Path | None,
    typer.Option("--media-root", help="A further folder that pictures and sounds may lie in."),
]
_FILE_NAME = re.compile(
    r".*\S\.(jpe?g|png|webp|gif|bmp|tiff?|avif|hei[cf]|svg|wav|flac|og[ga]|opus|mp3|m4a|aac|aiff?|wma|amr"
    r"|mp4|m4v|mov|mkv|webm|avi|mpe?g|3gp|wmv)",
    re.IGNORECASE,
)
_MOST_PROBLEMS = 20
_FACTS = ("type", "colour", "pattern", "material", "brand", "price")
_MOST_FACTS = 6


def _show_version(asked: bool) -> bool:
    if asked:
        from crossmodal_edu import __version__

        typer.echo(f"crossmodal {__version__}")
        raise typer.Exit
    return asked


@app.callback()
def _start(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and end.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        # A terminal shows any character; a file written on Windows would have 256 of them.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextmanager
def _explained() -> Iterator[None]:
    """Errors of the package end the command with their own words; nobody wants a traceback."""
    from crossmodal_edu.errors import CrossmodalError

    try:
        yield
    except CrossmodalError as error:
        _err.print(f"error: {_printable(str(error))}", style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _err.print("stopped; nothing was half-written")
        raise typer.Exit(130) from None


@app.command()
def search(
    query: Annotated[
        list[str] | None,
        typer.Argument(help="Words, a picture file, a sound file, or several of them."),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", help="A picture, sound or text file, whatever it is called."),
    ] = None,
    catalog: CatalogOption = "shop",
    k: Annotated[int, typer.Option("--k", "-k", help="How many products.")] = 10,
    filter: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            "-f",
            help="colour=red, colour=red,blue, price=20..50, price=..50; the same attribute again: either. "
            'A value with commas or dots in it: brand="Smith, Sons".',
        ),
    ] = None,
    side: Annotated[
        str | None,
        typer.Option("--side", help="Compare with this side of the products only: text, image, audio."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help="Write a page with pictures and sounds, say found.html."),
    ] = None,
    model: ModelOption = None,
    media_root: MediaRootOption = None,
) -> None:
    """Find products by words, a picture, a sound, or several at once.

    What exists and looks like a file (photo.jpg, ./photo) is one; everything else is words.

    crossmodal search red leather handbag

    crossmodal search photo.jpg --k 5 --sheet found.html

    crossmodal search photo.jpg --filter colour=navy --filter price=..50

    crossmodal search question.wav --catalog fashion
    """
    with _explained():
        from crossmodal_edu.filters import parse_filters
        from crossmodal_edu.shops import open_engine

        queries = [*(file or []), *_queries(query or [])]
        if sheet is not None:
            from crossmodal_edu.sheet import check_sheet, write_sheet

            check_sheet(sheet)
        engine = open_engine(catalog, model, progress=not as_json, media_root=media_root)
        _report(engine.catalog.problems, catalog)
        results = engine.search(queries, k, side, parse_filters(filter or [], engine.catalog))
        if as_json:
            typer.echo(json.dumps(results.to_dict(), ensure_ascii=False))
        else:
            _print_results(results)
        if sheet is not None:
            write_sheet(queries, results, sheet)
            _err.print(f"written: {sheet}")


@app.command()
def index(
    table: Annotated[str, typer.Argument(help="A CSV or Parquet file of products.")],
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="The folder to write; else <table>.index")
    ] = None,
    model: ModelOption = None,
    media_root: MediaRootOption = None,
) -> None:
    """Embed your own products and keep them in a folder for searching.

    The table's columns: id, title, description, image, audio; any other column is an
    attribute to filter by. Missing pictures or sounds are fine. Of a text, the first
    1,024 words count.

    crossmodal index my_products.csv

    crossmodal search "red bag" --catalog my_products.index
    """
    with _explained():
        from crossmodal_edu.embedding import CONTENTS
        from crossmodal_edu.engine import SearchEngine
        from crossmodal_edu.products import Catalog
        from crossmodal_edu.shops import check_new_name

        folder = out or str(Path(table).with_suffix(".index"))
        check_new_name(folder)
        products = Catalog.from_table(table, media_root=media_root)
        engine = SearchEngine.from_catalog(products, model or "shop", lenient=True, progress=True)
        engine.save(folder)
        _report(engine.catalog.problems, table)
        sides = ", ".join(f"{len(engine.vectors(side)[0]):,} with {side.value}" for side in CONTENTS)
        _out.print(_printable(f"{len(engine):,} products in {folder} ({sides})"), soft_wrap=True)


@app.command()
def info(
    catalog: Annotated[str, typer.Argument(help="shop, fashion, or a folder made by `crossmodal index`.")],
) -> None:
    """What a catalogue holds: products, sides, attributes, and the model that embedded it.

    crossmodal info my_products.index
    """
    with _explained():
        from crossmodal_edu.embedding import CONTENTS
        from crossmodal_edu.pretrained import KNOWS
        from crossmodal_edu.shops import open_engine

        engine = open_engine(catalog, progress=True)
        shown = Table("what", "", title=_printable(catalog), show_header=False)
        shown.add_row("products", f"{len(engine):,}")
        for side in CONTENTS:
            shown.add_row(f"… with {side.value}", f"{len(engine.vectors(side)[0]):,}")
        shown.add_row("attributes", _printable(", ".join(engine.catalog.attributes)))
        name = engine.model.name
        shown.add_row("model", f"{name}: {KNOWS[name]}" if name in KNOWS else "your own")
        _out.print(shown)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A folder made by `crossmodal index`.")],
) -> None:
    """Go back to the version before, when the current one was damaged.

    crossmodal restore my_products.index
    """
    with _explained():
        from crossmodal_edu.saving import restore_previous

        _out.print(
            _printable(f"{folder} is again what it was in {restore_previous(folder).name}"), soft_wrap=True
        )


@app.command()
def evaluate(
    catalog: CatalogOption = "shop",
    split: Annotated[
        str | None,
        typer.Option("--split", help="test, validation, train or all; else test where there is one."),
    ] = None,
    model: ModelOption = None,
    media_root: MediaRootOption = None,
) -> None:
    """Measure how well each side of the products finds the others, in the index that is searched.

    crossmodal evaluate --catalog shop --split test
    """
    with _explained():
        from crossmodal_edu.embedding import CONTENTS
        from crossmodal_edu.evaluation.directions import evaluate_directions, indexed_sides
        from crossmodal_edu.shops import open_engine

        engine = open_engine(catalog, model, progress=True, media_root=media_root)
        _report(engine.catalog.problems, catalog)
        products = engine.catalog
        chosen = split or ("test" if any(product.split == "test" for product in products) else "all")
        part = products if chosen == "all" else products.split(chosen)
        keep = {products.position(product.id) for product in part}
        with _err.status("embedding and ranking"):
            vectors = {side: engine.vectors(side) for side in CONTENTS}
            sides = indexed_sides(engine.model, products, vectors)
            sides = {name: side.where(keep.__contains__, name) for name, side in sides.items()}
            reports = evaluate_directions({name: side for name, side in sides.items() if len(side.products)})
        if not reports:
            _out.print(f"{len(part):,} products ({chosen}): none has two sides that could find each other")
            return
        names = ("R@1", "R@10", "MRR")
        shown = Table(
            "query", "finds", *names, title=f"{len(part):,} products ({chosen}); right is the same product"
        )
        for (asked, gallery), report in reports.items():
            # A gallery of three has no first five.
            shown.add_row(asked, gallery, *(str(report.measures.get(name, "")) for name in names))
        first = next(iter(reports.values()))
        chance = (f"{first.chance[name]:.3f}" if name in first.chance else "" for name in names)
        shown.add_row("chance", "", *chance)
        _out.print(shown)


@app.command("make-shop")
def make_shop_command(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    n: Annotated[int, typer.Option("--n", "-n", help="How many products.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Make a shop of any size: pictures, texts in two languages, spoken titles, known truth.

    crossmodal make-shop my_shop --n 500 --seed 3
    """
    with _explained():
        from crossmodal_edu.datasets.shop import make_shop

        shop = make_shop(n, seed, folder, workers=os.cpu_count() or 1)
        _out.print(_printable(f"{len(shop):,} products in {folder}"), soft_wrap=True)


@app.command()
def download(
    name: Annotated[str, typer.Argument(help="fashion, grocery, fashion_mnist, spoken_digits, or all.")],
    source: Annotated[
        str | None,
        typer.Option("--source", help="Another origin, such as owner/name on the Hugging Face Hub."),
    ] = None,
) -> None:
    """Bring a data set to this machine; `all` prepares a classroom without internet.

    crossmodal download all
    """
    with _explained():
        from crossmodal_edu.datasets.folders import download as fetch

        _out.print(_printable(fetch(name, source=source)), soft_wrap=True)


@app.command()
def doctor() -> None:
    """Is this machine ready? Versions, data, models, speech.

    crossmodal doctor
    """
    from crossmodal_edu.doctor import checks

    shown = Table("what", "state", "", title="crossmodal doctor")
    healthy = True
    for what, needed, check in checks():
        try:
            state, note = "ok", check()
        except Exception as error:  # whatever is wrong with this machine is the answer
            state, note = (
                ("missing" if not needed else "broken"),
                str(error).splitlines()[0] if str(error) else repr(error),
            )
            healthy &= not needed
        shown.add_row(what, state, _printable(note))
    _out.print(shown)
    _out.print("ready" if healthy else "not ready: mend what is broken")
    raise typer.Exit(0 if healthy else 1)


def words_or_file(typed: str) -> str | Path:
    """What somebody typed: a file if it looks like one, else words.

    It looks like one if it begins like a path, or ends like a picture or a sound; with spaces in
    it, it must exist as well. A file called "banana" keeps nobody from searching for the word.
    """
    from crossmodal_edu.errors import InputError

    if re.fullmatch(r"(https?|ftp)://\S+", typed):
        raise InputError(
            f"{typed!r} is an address.",
            accepted="words, or a file on this machine.",
            remedy="Download the file and give its name.",
        )
    begins = re.match(r"(~?/|\.\.?/|[A-Za-z]:[\\/]|\\\\)", typed)
    if "\0" in typed or not (begins or _FILE_NAME.fullmatch(typed)):
        return typed
    with suppress(OSError, ValueError, RuntimeError):  # too long for a name, or no home folder
        path = Path(typed).expanduser()
        if begins or " " not in typed or path.exists():
            return path
    return typed


def _queries(given: Sequence[str]) -> list:
    """Words that stand side by side are one query, so that nobody has to quote them."""
    parts = [words_or_file(part) for part in given]
    files = [part for part in parts if isinstance(part, Path)]
    words = " ".join(part for part in parts if isinstance(part, str))
    return files + ([words] if len(parts) > len(files) else [])


def _report(problems: Sequence, name: str) -> None:
    """What was wrong with a table, the first of it in full."""
    for problem in problems[:_MOST_PROBLEMS]:
        _err.print(_printable(f"{Path(name).name}, {problem}"), soft_wrap=True)
    if len(problems) > _MOST_PROBLEMS:
        _err.print(f"… and {len(problems) - _MOST_PROBLEMS:,} more problems of this table")


def _printable(text: object) -> str:
    """Without the signs that would move the cursor or colour the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in str(text))


def _print_results(results) -> None:
    for note in results.notes:
        _err.print(_printable(note), soft_wrap=True)
    if not len(results):
        _out.print("nothing was found")
        return
    asked = " and ".join(side.value for side in results.asked)
    shown = Table("", "score", "matched", "id", "title", "attributes", title=f"asked by {asked}")
    for hit in results:
        facts = ", ".join(_facts(hit.product.attributes))
        cells = (f"{hit.score:.3f}", hit.matched.value, hit.product.id, hit.product.title, facts)
        shown.add_row(str(hit.rank), *(_printable(cell) for cell in cells))
    _out.print(shown)


def _facts(attributes) -> list[str]:
    """The attributes that tell most at a glance, those of a table of one's own in their order."""
    names = [name for name in _FACTS if name in attributes]
    names += [name for name in attributes if name not in names]
    return [
        # As it stands in the table: 1250000, not 1.25e+06.
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in (attributes[name] for name in names[:_MOST_FACTS])
    ]


if __name__ == "__main__":
    app()
