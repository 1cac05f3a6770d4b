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
from rich.table import Table

from crossmodal_edu.printing import (
    err,
    out,
    printable,
    report_problems,
    say,
    show_info,
    show_reports,
    show_results,
)

# What the commands need is imported inside them, so that --help answers at once.

app = typer.Typer(
    help="Search products by words, pictures and sound. "
    "Exit codes: 0 done, 1 the input cannot be used, 2 the command line cannot be read.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

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
ColumnOption = Annotated[
    list[str] | None,
    typer.Option("--column", help="Which column is what: title=Bezeichnung. Common exports are known."),
]
ProblemsOption = Annotated[
    int, typer.Option("--problems", min=0, help="How many problems of a table are shown in full.")
]
IndexArgument = Annotated[Path, typer.Argument(help="A folder made by `crossmodal index`.")]
_FILE_NAME = re.compile(
    r".*\S\.(jpe?g|png|webp|gif|bmp|tiff?|avif|hei[cf]|svg|wav|flac|og[ga]|opus|mp3|m4a|aac|aiff?|wma|amr"
    r"|mp4|m4v|mov|mkv|webm|avi|mpe?g|3gp|wmv)",
    re.IGNORECASE,
)


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
        sys.stdout.flush()
    except CrossmodalError as error:
        err.print(f"error: {printable(error)}", style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:  # whoever reads the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        err.print(f"error: the output cannot be written: {error.strerror or error}", style="red")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        err.print("stopped; nothing was half-written")
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
            help="colour=red, colour=red,blue, colour!=red, price=20..50; the same attribute again: either. "
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
    weight: Annotated[
        list[float] | None,
        typer.Option("--weight", "-w", help="One for each part, files first; below 0: away from it."),
    ] = None,
    offset: Annotated[int, typer.Option("--offset", help="Leave out so many of the best.")] = 0,
    order: Annotated[
        str | None, typer.Option("--order", help="List what was found by price; -price: from the highest.")
    ] = None,
    model: ModelOption = None,
    media_root: MediaRootOption = None,
    column: ColumnOption = None,
    problems: ProblemsOption = 20,
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
        engine = open_engine(catalog, model, not as_json, media_root, _columns(column))
        report_problems(engine.catalog.problems, catalog, problems)
        wanted = parse_filters(filter or [], engine.catalog)
        results = engine.search(queries, k, side, wanted, weights=weight, offset=offset, order=order)
        if as_json:
            typer.echo(json.dumps(results.to_dict(), ensure_ascii=False))
        else:
            show_results(results)
        if sheet is not None:
            write_sheet(queries, results, sheet)
            err.print(f"written: {sheet}")


@app.command()
def index(
    table: Annotated[str, typer.Argument(help="A CSV or Parquet file of products.")],
    to: Annotated[
        str | None, typer.Option("--out", "-o", help="The folder to write; else <table>.index")
    ] = None,
    model: ModelOption = None,
    media_root: MediaRootOption = None,
    column: ColumnOption = None,
    problems: ProblemsOption = 20,
) -> None:
    """Embed your own products and keep them in a folder for searching.

    The table's columns: id, title, description, image, audio; any other column is an
    attribute to filter by. Missing pictures or sounds are fine. Of a text, the first
    1,024 words count.

    crossmodal index my_products.csv

    crossmodal index export.csv --column title=Bezeichnung

    crossmodal search "red bag" --catalog my_products.index
    """
    with _explained():
        from crossmodal_edu.engine import SearchEngine
        from crossmodal_edu.products import Catalog
        from crossmodal_edu.saving import check_folder
        from crossmodal_edu.shops import check_new_name

        folder = to or str(Path(table).with_suffix(".index"))
        check_new_name(folder)
        check_folder(folder)
        products = Catalog.from_table(table, media_root, _columns(column))
        engine = SearchEngine.from_catalog(products, model or "shop", lenient=True, progress=True)
        engine.save(folder)
        report_problems(engine.catalog.problems, table, problems)
        sides = ", ".join(f"{len(engine.vectors(side)[0]):,} with {side.value}" for side in engine.sides)
        say(f"{len(engine):,} products in {folder} ({sides})")


@app.command()
def update(
    folder: IndexArgument,
    table: Annotated[Path, typer.Argument(help="A table of products that are new or have changed.")],
    remove_missing: Annotated[
        bool, typer.Option("--remove-missing", help="Take out the products that are not in the table.")
    ] = False,
    media_root: MediaRootOption = None,
    column: ColumnOption = None,
    problems: ProblemsOption = 20,
) -> None:
    """Add products to an index, and replace those that changed; only what changed is embedded.

    crossmodal update my_products.index my_products.csv --remove-missing
    """
    with _explained():
        from crossmodal_edu.products import Catalog
        from crossmodal_edu.shops import changing

        products = Catalog.from_table(table, media_root, _columns(column))
        with changing(folder) as engine:
            before = len(engine.catalog.problems)
            added, replaced, embedded = engine.update(products, lenient=True, progress=True)
            gone = []
            if remove_missing:
                there = {product.id for product in products}
                gone = [product.id for product in engine.catalog if product.id not in there]
                engine.remove(gone)
        report_problems((*products.problems, *engine.catalog.problems[before:]), str(table), problems)
        say(f"{added:,} added, {replaced:,} there before, {len(gone):,} removed; {embedded:,} sides embedded")
        say(f"{len(engine):,} products in {folder}")


@app.command()
def add(
    folder: IndexArgument,
    table: Annotated[Path, typer.Argument(help="A table of new products.")],
    media_root: MediaRootOption = None,
    column: ColumnOption = None,
    problems: ProblemsOption = 20,
) -> None:
    """Add new products to an index; an id that is there already is an error.

    crossmodal add my_products.index new_arrivals.csv
    """
    with _explained():
        from crossmodal_edu.products import Catalog
        from crossmodal_edu.shops import changing

        products = Catalog.from_table(table, media_root, _columns(column))
        with changing(folder) as engine:
            before = len(engine.catalog.problems)
            engine.add(products, lenient=True, progress=True)
        report_problems((*products.problems, *engine.catalog.problems[before:]), str(table), problems)
        say(f"{len(engine):,} products in {folder}")


@app.command()
def remove(
    folder: IndexArgument,
    ids: Annotated[list[str], typer.Argument(help="The ids of the products.")],
) -> None:
    """Take products out of an index.

    crossmodal remove my_products.index 17 204
    """
    with _explained():
        from crossmodal_edu.shops import changing

        with changing(folder) as engine:
            engine.remove(ids)
        say(f"{len(engine):,} products in {folder}")


@app.command()
def export(
    catalog: Annotated[str, typer.Argument(help="shop, fashion, or a folder made by `crossmodal index`.")],
    file: Annotated[Path, typer.Argument(help="A new file, its name ending in .parquet.")],
) -> None:
    """Write ids, titles, attributes and vectors as Parquet, for another database.

    crossmodal export my_products.index vectors.parquet
    """
    with _explained():
        from crossmodal_edu.shops import export_vectors, open_engine

        engine = open_engine(catalog, progress=True)
        export_vectors(engine, file)
        say(f"{len(engine):,} products in {file}")


@app.command()
def info(
    catalog: Annotated[str, typer.Argument(help="shop, fashion, or a folder made by `crossmodal index`.")],
) -> None:
    """What a catalogue holds: products, sides, attributes, and the model that embedded it.

    crossmodal info my_products.index
    """
    with _explained():
        from crossmodal_edu.shops import open_engine

        show_info(open_engine(catalog, progress=True), catalog)


@app.command()
def restore(folder: IndexArgument) -> None:
    """Go back to the version before, when the current one was damaged.

    crossmodal restore my_products.index
    """
    with _explained():
        from crossmodal_edu.saving import restore_previous

        say(f"{folder} is again what it was in {restore_previous(folder).name}")


@app.command()
def evaluate(
    catalog: CatalogOption = "shop",
    split: Annotated[
        str | None,
        typer.Option("--split", help="test, validation, train or all; else test where there is one."),
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option("--queries", help="Your own, a CSV: query,id with a row for each right product."),
    ] = None,
    control: Annotated[
        bool,
        typer.Option("--control", help="Shuffle which product is right: the figures should fall to chance."),
    ] = False,
    model: ModelOption = None,
    media_root: MediaRootOption = None,
    column: ColumnOption = None,
    problems: ProblemsOption = 20,
) -> None:
    """Measure how well each side of the products finds the others, in the index that is searched.

    crossmodal evaluate --catalog shop --split test

    crossmodal evaluate --catalog my_products.index --queries what_people_typed.csv
    """
    with _explained():
        from crossmodal_edu.evaluation.directions import evaluate_index
        from crossmodal_edu.evaluation.searches import evaluate_searches, read_queries
        from crossmodal_edu.shops import open_engine

        engine = open_engine(catalog, model, True, media_root, _columns(column))
        report_problems(engine.catalog.problems, catalog, problems)
        note = "; pairs shuffled, so about chance" if control else ""
        if queries is not None:
            report = evaluate_searches(engine, read_queries(queries), control=control)
            title = f"{report.n_queries:,} queries among {len(engine):,} products{note}"
            show_reports({(queries.name, catalog): report}, printable(title))
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
        show_reports(reports, f"{len(part):,} products ({chosen}); right is the same product{note}")


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
        say((f"{len(shop):,} products in {folder}"), soft_wrap=True)


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

        say((fetch(name, source=source)), soft_wrap=True)


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
        shown.add_row(what, state, printable(note))
    out.print(shown)
    out.print("ready" if healthy else "not ready: mend what is broken")
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


def _columns(given: Sequence[str] | None) -> dict[str, str]:
    """Pairs like title=Bezeichnung."""
    from crossmodal_edu.errors import InputError

    pairs = [pair.partition("=") for pair in given or []]
    if any(not (meaning and name) for meaning, _, name in pairs):
        raise InputError("--column needs a meaning and a name.", accepted="--column title=Bezeichnung")
    return {meaning: name for meaning, _, name in pairs}


def _queries(given: Sequence[str]) -> list:
    """Words that stand side by side are one query, so that nobody has to quote them."""
    parts = [words_or_file(part) for part in given]
    files = [part for part in parts if isinstance(part, Path)]
    words = " ".join(part for part in parts if isinstance(part, str))
    return files + ([words] if len(parts) > len(files) else [])


if __name__ == "__main__":
    app()
