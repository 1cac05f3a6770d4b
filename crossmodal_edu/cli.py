"""The command ``crossmodal``: search, index, evaluate, make a shop, download, check this machine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
_out, _err = Console(), Console(stderr=True)

CatalogOption = Annotated[
    str,
    typer.Option("--catalog", "-c", help="shop, fashion, a folder made by `crossmodal index`, or a table."),
]
ModelOption = Annotated[str, typer.Option("--model", help="The model that embeds a table: shop or fashion.")]


@contextmanager
def _explained() -> Iterator[None]:
    """Errors of the package end the command with their own words; nobody wants a traceback."""
    from crossmodal_edu.errors import CrossmodalError

    try:
        yield
    except CrossmodalError as error:
        _err.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _err.print("stopped; nothing was half-written")
        raise typer.Exit(130) from None


@app.command()
def search(
    query: Annotated[
        list[str], typer.Argument(help="Words, a picture file, a sound file, or several of them.")
    ],
    catalog: CatalogOption = "shop",
    k: Annotated[int, typer.Option("--k", "-k", help="How many products.")] = 10,
    filter: Annotated[
        list[str] | None,
        typer.Option("--filter", "-f", help="colour=red, colour=red,blue, price=20..50, price=..50"),
    ] = None,
    side: Annotated[
        str | None,
        typer.Option("--side", help="Compare with this side of the products only: text, image, audio."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Write the result as a picture, say found.png.")
    ] = None,
    model: ModelOption = "shop",
) -> None:
    """Find products by words, a picture, a sound, or several at once.

    crossmodal search red leather handbag

    crossmodal search photo.jpg --k 5 --sheet found.png

    crossmodal search photo.jpg --filter colour=navy --filter price=..50

    crossmodal search question.wav --catalog fashion
    """
    with _explained():
        from crossmodal_edu.engine import open_engine

        queries = _queries(query)
        filters = dict(_parse_filter(text) for text in filter or [])
        if sheet is not None:
            _check_sheet(sheet)
        engine = open_engine(catalog, model, progress=not as_json)
        results = engine.search(queries, k, side, filters)
        if as_json:
            found = [
                {
                    "rank": hit.rank,
                    "id": hit.product.id,
                    "score": round(hit.score, 4),
                    "matched": hit.matched.value,
                    "title": hit.product.title,
                    "attributes": dict(hit.product.attributes),
                }
                for hit in results
            ]
            typer.echo(
                json.dumps(
                    {"asked": [kind.value for kind in results.asked], "found": found}, ensure_ascii=False
                )
            )
        else:
            _print_results(results)
        if sheet is not None:
            from crossmodal_edu.plots.rankings import ranking_figure, save_sheet

            save_sheet(ranking_figure([(queries, results)]), sheet)
            _err.print(f"written: {sheet}", markup=False)


@app.command()
def index(
    table: Annotated[str, typer.Argument(help="A CSV or Parquet file of products.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder to write; else <table>.index")
    ] = None,
    model: ModelOption = "shop",
) -> None:
    """Embed your own products and keep them in a folder for searching.

    The table's columns: id, title, description, image, audio; any other column is an
    attribute to filter by. Missing pictures or sounds are fine.

    crossmodal index my_products.csv

    crossmodal search "red bag" --catalog my_products.index
    """
    with _explained():
        from crossmodal_edu.engine import SearchEngine
        from crossmodal_edu.products import Catalog

        path = Path(table)
        products = Catalog.from_table(path)
        problems = list(products.problems)
        engine = SearchEngine.from_catalog(products, model, progress=True, problems=problems)
        folder = out or path.with_suffix(".index")
        engine.save(folder)
        for problem in problems[:20]:
            _err.print(f"{path.name}, {problem}", markup=False, highlight=False)
        if len(problems) > 20:
            _err.print(f"… and {len(problems) - 20} more", markup=False)
        _out.print(f"{len(engine):,} products in {folder}", markup=False, highlight=False)


@app.command()
def evaluate(
    catalog: CatalogOption = "shop",
    split: Annotated[str, typer.Option("--split", help="test, validation, train, or all.")] = "test",
    model: ModelOption = "shop",
) -> None:
    """Measure how well each side of the products finds the others.

    crossmodal evaluate --catalog shop --split test
    """
    with _explained():
        from crossmodal_edu.engine import open_catalog
        from crossmodal_edu.evaluation.directions import catalog_sides, evaluate_directions
        from crossmodal_edu.pretrained import load_pretrained

        products = open_catalog(catalog)
        products = products if split == "all" else products.split(split)
        encoder = load_pretrained(catalog if catalog in ("shop", "fashion") else model)
        with _err.status("embedding and ranking"):
            reports = evaluate_directions(catalog_sides(encoder, products))
        names = ("R@1", "R@5", "R@10", "MRR", "mAP")
        shown = Table(
            "query", "finds", *names, title=f"{len(products):,} products; right is the same product"
        )
        for (asked, gallery), report in reports.items():
            shown.add_row(asked, gallery, *(str(report[name]) for name in names))
        first = next(iter(reports.values()), None)
        if first is not None:
            shown.add_row(
                "chance", "", *(f"{first.chance[name]:.3f}" if name in first.chance else "" for name in names)
            )
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
        _out.print(f"{len(shop):,} products in {folder}", markup=False, highlight=False)


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
        from crossmodal_edu.datasets.storage import download as fetch

        _out.print(str(fetch(name, source=source)), markup=False, highlight=False, soft_wrap=True)


@app.command()
def doctor() -> None:
    """Is this machine ready? Versions, data, models, speech.

    crossmodal doctor
    """
    shown = Table("what", "state", "", title="crossmodal doctor")
    healthy = True
    for what, needed, check in _checks():
        try:
            state, note = "ok", check()
        except Exception as error:  # whatever is wrong with this machine is the answer
            state, note = (
                ("missing" if not needed else "broken"),
                str(error).splitlines()[0] if str(error) else repr(error),
            )
            healthy &= not needed
        shown.add_row(what, state, note)
    _out.print(shown)
    _out.print("ready" if healthy else "not ready: mend what is broken")
    raise typer.Exit(0 if healthy else 1)


def _checks() -> Iterator[tuple[str, bool, Callable[[], str]]]:
    """What is looked at, whether the package needs it, and a function that says how it is or raises."""
    from importlib.metadata import version

    def python() -> str:
        if not (3, 11) <= sys.version_info < (3, 14):
            raise RuntimeError(f"{sys.version.split()[0]}; Python 3.11, 3.12 or 3.13 is needed")
        return sys.version.split()[0]

    def library(name: str) -> Callable[[], str]:
        def imported() -> str:
            __import__({"scikit-learn": "sklearn", "pillow": "PIL"}.get(name, name))
            return version(name)

        return imported

    def device() -> str:
        import torch

        cores = f"{torch.get_num_threads()} threads"
        if torch.cuda.is_available():
            return f"{cores}, {torch.cuda.get_device_name()}"
        return f"{cores}, no GPU (none is needed)"

    def data(name: str) -> Callable[[], str]:
        def found() -> str:
            from crossmodal_edu.datasets.storage import find

            return str(find(name))

        return found

    def shop() -> str:
        from crossmodal_edu.datasets.shop import load_shop

        return f"{len(load_shop()):,} products"

    def model(name: str) -> Callable[[], str]:
        def loaded() -> str:
            from crossmodal_edu.pretrained import load_pretrained

            return f"{sum(p.numel() for p in load_pretrained(name).parameters()):,} parameters"

        return loaded

    def speech() -> str:
        from crossmodal_edu.audio.speech import VOICES, say
        from crossmodal_edu.datasets.shop.generate import encode_opus
        from crossmodal_edu.modality import SAMPLE_RATE, open_audio

        heard = open_audio(encode_opus(say("red leather handbag")))
        return f"{len(VOICES)} voices; spoke and heard {len(heard) / SAMPLE_RATE:.1f} s"

    yield "Python", True, python
    for name in (
        "torch",
        "torchvision",
        "numpy",
        "scikit-learn",
        "gensim",
        "librosa",
        "matplotlib",
        "av",
        "pillow",
    ):
        yield name, True, library(name)
    yield "processor", True, device
    yield "shop (ships)", True, shop
    for name in ("shop", "fashion"):
        yield f"model {name}", True, model(name)
    yield "speech", True, speech
    for name in ("fashion", "grocery", "fashion_mnist", "spoken_digits"):
        yield f"data set {name}", False, data(name)


def _queries(given: list[str]) -> list:
    """Words that stand side by side are one query, so that nobody has to quote them."""
    from crossmodal_edu.modality import Modality, recognise

    words: list[str] = []
    files: list = []
    for part in given:
        is_words = recognise(part) is Modality.TEXT and not os.path.isfile(part)
        words.append(part) if is_words else files.append(part)
    return files + ([" ".join(words)] if words else [])


def _parse_filter(text: str) -> tuple[str, object]:
    from crossmodal_edu.errors import InputError

    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise InputError(
            f"The filter {text!r} cannot be read.",
            accepted="name=value, name=one,other, or name=low..high with one end left out.",
            remedy="For example: --filter colour=red --filter price=..50",
        )
    low, dots, high = value.partition("..")
    if dots:
        try:
            return name.strip(), (float(low) if low.strip() else None, float(high) if high.strip() else None)
        except ValueError:
            raise InputError(
                f"The range {value!r} of {name!r} has an end that is not a number.",
                accepted="low..high, ..high or low.. with numbers.",
                remedy="For example: --filter price=20..50",
            ) from None
    values = [part.strip() for part in value.split(",")]
    return name.strip(), values if len(values) > 1 else values[0]


def _check_sheet(sheet: Path) -> None:
    from crossmodal_edu.errors import StorageError

    if (
        sheet.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp", ".svg", ".pdf")
        or not sheet.absolute().parent.is_dir()
    ):
        raise StorageError(
            f"The sheet cannot be written to {sheet}.",
            accepted="a name that ends in .png, .jpg, .webp, .svg or .pdf, in a folder that exists.",
            remedy="For example: --sheet found.png",
        )


def _print_results(results) -> None:
    shown = Table(
        "",
        "score",
        "matched",
        "title",
        "attributes",
        title="asked by " + " and ".join(k.value for k in results.asked),
    )
    for hit in results:
        facts = ", ".join(
            f"{value:g}" if isinstance(value, float) else str(value) for value in _facts(hit.product)
        )
        shown.add_row(
            str(hit.rank), f"{hit.score:.3f}", hit.matched.value, hit.product.title or hit.product.id, facts
        )
    _out.print(shown if len(results) else "nothing passes the filters")


def _facts(product) -> list[str | float]:
    """The attributes that tell most at a glance, where a product has them."""
    shown = ("type", "colour", "pattern", "material", "brand", "price")
    return [product.attributes[name] for name in shown if name in product.attributes]


if __name__ == "__main__":
    app()
