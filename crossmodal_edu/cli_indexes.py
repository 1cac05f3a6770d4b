"""The commands that make an index and change it: index, add, update, remove, export, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossmodal_edu import options
from crossmodal_edu.printing import report_problems, say

# What the commands need is imported inside them, so that --help answers at once.

app = typer.Typer(rich_markup_mode=None)


@app.command()
def index(
    table: Annotated[str, typer.Argument(help="A CSV or Parquet file of products.")],
    to: Annotated[str | None, typer.Option("--out", "-o", help="A new folder; else <table>.index")] = None,
    model: options.Model = None,
    media_root: options.MediaRoot = None,
    column: options.Column = None,
    problems: options.Problems = 20,
) -> None:
    """Embed your own products and keep them in a folder for searching.

    The table's columns: id, title, description, image, audio; any other column is an
    attribute to filter by. Missing pictures or sounds are fine. Of a text, the first
    1,024 words count.

    crossmodal index my_products.csv

    crossmodal index export.csv --column title=Bezeichnung

    crossmodal search "red bag" --catalog my_products.index
    """
    from crossmodal_edu.engine import SearchEngine
    from crossmodal_edu.products import Catalog
    from crossmodal_edu.saving import check_folder
    from crossmodal_edu.shops import check_new_name

    folder = to or str(Path(table).with_suffix(".index"))
    check_new_name(folder)
    check_folder(folder)
    products = Catalog.from_table(table, media_root, options.columns_of(column))
    engine = SearchEngine.from_catalog(products, model or "shop", lenient=True, progress=True)
    engine.save(folder)
    report_problems(engine.catalog.problems, table, problems)
    sides = ", ".join(f"{len(engine.vectors(side)[0]):,} with {side.value}" for side in engine.sides)
    say(f"{len(engine):,} products in {folder} ({sides})")


@app.command()
def update(
    folder: options.Folder,
    table: Annotated[Path, typer.Argument(help="A table of products that are new or have changed.")],
    remove_missing: Annotated[
        bool, typer.Option("--remove-missing", help="Take out the products that are not in the table.")
    ] = False,
    media_root: options.MediaRoot = None,
    column: options.Column = None,
    problems: options.Problems = 20,
) -> None:
    """Add products to an index, and replace those that changed; only what changed is embedded.

    What a row leaves empty stays as it was, and so does a picture that cannot be opened.

    crossmodal update my_products.index my_products.csv --remove-missing
    """
    from crossmodal_edu.products import Catalog
    from crossmodal_edu.shops import changing, check_whole, completed

    products = Catalog.from_table(table, media_root, options.columns_of(column))
    if remove_missing:
        check_whole(products)
    with changing(folder) as engine:
        whole = completed(products, engine.catalog)
        added, replaced, embedded = engine.update(whole, lenient=True, progress=True)
        kept = {product.id for product in (products if remove_missing else engine.catalog)}
        gone = [product.id for product in engine.catalog if product.id not in kept]
        engine.remove(gone)
    report_problems((*products.problems, *engine.catalog.problems), str(table), problems)
    say(f"{added:,} added, {replaced:,} there before, {len(gone):,} removed; {embedded:,} sides embedded")
    say(f"{len(engine):,} products in {folder}")


@app.command()
def add(
    folder: options.Folder,
    table: Annotated[Path, typer.Argument(help="A table of new products.")],
    media_root: options.MediaRoot = None,
    column: options.Column = None,
    problems: options.Problems = 20,
) -> None:
    """Add new products to an index; an id that is there already is an error.

    crossmodal add my_products.index new_arrivals.csv
    """
    from crossmodal_edu.products import Catalog
    from crossmodal_edu.shops import changing

    products = Catalog.from_table(table, media_root, options.columns_of(column))
    with changing(folder) as engine:
        engine.add(products, lenient=True, progress=True)
    report_problems((*products.problems, *engine.catalog.problems), str(table), problems)
    say(f"{len(engine):,} products in {folder}")


@app.command(context_settings={"ignore_unknown_options": True})  # an id may begin with a dash
def remove(
    folder: options.Folder, ids: Annotated[list[str], typer.Argument(help="The ids of the products.")]
) -> None:
    """Take products out of an index.

    crossmodal remove my_products.index 17 204
    """
    from crossmodal_edu.shops import changing

    with changing(folder) as engine:
        engine.remove(ids)
    say(f"{len(engine):,} products in {folder}")


@app.command()
def export(
    catalog: options.NamedCatalog,
    file: Annotated[Path, typer.Argument(help="A new file, its name ending in .parquet.")],
) -> None:
    """Write ids, titles, attributes and vectors as Parquet, for another database.

    crossmodal export my_products.index vectors.parquet
    """
    from crossmodal_edu.shops import export_vectors, open_engine

    export_vectors(engine := open_engine(catalog, progress=True), file)
    say(f"{len(engine):,} products in {file}")


@app.command()
def restore(folder: options.Folder) -> None:
    """Go back to the version before, when the current one was damaged.

    crossmodal restore my_products.index
    """
    from crossmodal_edu.saving import restore_previous

    say(f"{folder} is again what it was in {restore_previous(folder).name}")
