"""The command ``crossmodal``: search, index, evaluate, make a shop, download, check this machine."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crossmodal_edu import __version__, options, printing
from crossmodal_edu.cli_indexes import app as indexes
from crossmodal_edu.errors import InputError
from crossmodal_edu.printing import err, out, printable, report_problems, say

# What the commands need is imported inside them, so that --help answers at once.

app = typer.Typer(
    cls=options.Commands,
    help="Search products by words, pictures and sound. "
    "Exit codes: 0 done, 1 the input cannot be used, 2 the command line cannot be read.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.add_typer(indexes)
_FILE_NAME = re.compile(
    r".*\S\.(jpe?g|png|webp|gif|bmp|tiff?|avif|hei[cf]|svg|wav|flac|og[ga]|opus|mp3|m4a|aac|aiff?|wma|amr"
    r"|mp4|m4v|mov|mkv|webm|avi|mpe?g|3gp|wmv)",
    re.IGNORECASE,
)


def _show_version(asked: bool) -> bool:
    if asked:
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


@app.command()
def search(
    query: Annotated[
        list[str] | None, typer.Argument(help="Words, a picture file, a sound file, or several of them.")
    ] = None,
    file: Annotated[list[Path] | None, typer.Option(help="A file, whatever it is called.")] = None,
    catalog: options.Catalog = "shop",
    k: Annotated[int, typer.Option("--k", "-k", help="How many products.")] = 10,
    filter: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            "-f",
            help="colour=red, colour=red,blue, colour!=red, price=20..50; the same attribute again: either. "
            'A value with commas or dots in it: brand="Smith, Sons".',
        ),
    ] = None,
    side: Annotated[str | None, typer.Option(help="Compare with this side only: text, image, audio.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Write a page to see and hear, say found.html.")] = None,
    weight: Annotated[
        list[float] | None,
        typer.Option("--weight", "-w", help="One for each part, files first; below 0: away from it."),
    ] = None,
    offset: Annotated[int, typer.Option(help="Leave out so many of the best.")] = 0,
    order: Annotated[str | None, typer.Option(help="List by price; -price: from the highest.")] = None,
    model: options.Model = None,
    media_root: options.MediaRoot = None,
    column: options.Column = None,
    problems: options.Problems = 20,
) -> None:
    """Find products by words, a picture, a sound, or several at once.

    What exists and looks like a file (photo.jpg, ./photo) is one; everything else is words.

    crossmodal search red leather handbag

    crossmodal search photo.jpg --k 5 --sheet found.html

    crossmodal search photo.jpg --filter colour=navy --filter price=..50

    crossmodal search question.wav --catalog fashion
    """
    from crossmodal_edu.filters import parse_filters
    from crossmodal_edu.shops import open_engine

    queries = [*(file or []), *_queries(query or [])]
    if sheet is not None:
        from crossmodal_edu.sheet import check_sheet, write_sheet

        check_sheet(sheet)
    engine = open_engine(catalog, model, not as_json, media_root, options.columns_of(column))
    report_problems(engine.catalog.problems, catalog, problems)
    wanted = parse_filters(filter or [], engine.catalog)
    results = engine.search(queries, k, side, wanted, weights=weight, offset=offset, order=order)
    if as_json:
        typer.echo(json.dumps(results.to_dict(), ensure_ascii=False))
    else:
        printing.show_results(results)
    if sheet is not None:
        write_sheet(queries, results, sheet)
        err.print(f"written: {sheet}")


@app.command()
def info(catalog: options.NamedCatalog) -> None:
    """What a catalogue holds: products, sides, attributes, and the model that embedded it.

    crossmodal info my_products.index
    """
    from crossmodal_edu.shops import open_engine

    printing.show_info(open_engine(catalog, progress=True), catalog)


@app.command()
def evaluate(
    catalog: options.Catalog = "shop",
    split: Annotated[
        str | None, typer.Option(help="train, validation, all, or test if there is one.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(help="Your own, a CSV: query,id with a row for each right product.")
    ] = None,
    control: Annotated[
        bool,
        typer.Option("--control", help="Shuffle which product is right: the figures should fall to chance."),
    ] = False,
    model: options.Model = None,
    media_root: options.MediaRoot = None,
    column: options.Column = None,
    problems: options.Problems = 20,
) -> None:
    """Measure how well each side of the products finds the others, in the index that is searched.

    crossmodal evaluate --catalog shop --split test

    crossmodal evaluate --catalog my_products.index --queries what_people_typed.csv
    """
    from crossmodal_edu.evaluation.directions import evaluate_index
    from crossmodal_edu.evaluation.searches import evaluate_searches, read_queries
    from crossmodal_edu.shops import open_engine

    engine = open_engine(catalog, model, True, media_root, options.columns_of(column))
    report_problems(engine.catalog.problems, catalog, problems)
    note = "; pairs shuffled, so about chance" if control else ""
    if queries is not None:
        report = evaluate_searches(engine, read_queries(queries), control=control)
        title = f"{report.n_queries:,} queries among {len(engine):,} products{note}"
        printing.show_reports({(queries.name, catalog): report}, printable(title))
        return
    products = engine.catalog
    chosen = split or ("test" if any(product.split == "test" for product in products) else "all")
    part = products if chosen == "all" else products.split(chosen)
    with err.status("embedding and ranking"):
        vectors = {side: engine.vectors(side) for side in engine.sides}
        reports = evaluate_index(engine.model, products, vectors, part, control)
    if not reports:
        say(f"{len(part):,} products ({chosen}): none has two sides that could find each other")
        return
    printing.show_reports(reports, f"{len(part):,} products ({chosen}); right is the same product{note}")


@app.command("make-shop")
def make_shop_command(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    n: Annotated[int, typer.Option("--n", "-n", help="How many products.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Make a shop of any size: pictures, texts in two languages, spoken titles, known truth.

    crossmodal make-shop my_shop --n 500 --seed 3
    """
    from crossmodal_edu.datasets.shop import make_shop

    shop = make_shop(n, seed, folder, workers=os.cpu_count() or 1)
    say(f"{len(shop):,} products in {folder}")


@app.command()
def download(
    name: Annotated[str, typer.Argument(help="fashion, grocery, fashion_mnist, spoken_digits, or all.")],
    source: Annotated[str | None, typer.Option(help="Another origin: owner/name at Hugging Face.")] = None,
) -> None:
    """Bring a data set to this machine; `all` prepares a classroom without internet.

    crossmodal download all
    """
    from crossmodal_edu.datasets.folders import download as fetch

    say(fetch(name, source=source))


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
            state, note = "broken" if needed else "missing", str(error).split("\n")[0] or repr(error)
            healthy &= not needed
        shown.add_row(what, state, printable(note))
    out.print(shown)
    out.print("ready" if healthy else "not ready: mend what is broken")
    raise typer.Exit(0 if healthy else 1)


def words_or_file(typed: str) -> str | Path:
    """What somebody typed: a file if it looks like one, else words.

    It looks like one if it begins like a path, or ends like a picture or a sound; with spaces in
    it, it must exist as well. A file called "banana" keeps nobody from searching for the word.
    """
    if re.fullmatch(r"(https?|ftp)://\S+", typed):
        told = "words, or a file on this machine: download it, and give its name."
        raise InputError(f"{typed!r} is an address.", accepted=told)
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


if __name__ == "__main__":
    app()
