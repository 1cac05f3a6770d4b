"""What the commands share: their options, and errors that end them in their own words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from crossmodal_edu.printing import err, printable

CatalogOption = Annotated[
    str, typer.Option("--catalog", "-c", help="shop, fashion, a folder of `crossmodal index`, or a table.")
]
ModelOption = Annotated[str | None, typer.Option(help="The model that embeds products: shop or fashion.")]
MediaRootOption = Annotated[Path | None, typer.Option(help="A further folder of pictures and sounds.")]
ColumnOption = Annotated[
    list[str] | None, typer.Option(help="What a column is: title=Bezeichnung. Common exports are known.")
]
ProblemsOption = Annotated[int, typer.Option(min=0, help="How many problems of a table are shown in full.")]
CatalogArgument = Annotated[str, typer.Argument(help="shop, fashion, or a folder of `crossmodal index`.")]
IndexArgument = Annotated[Path, typer.Argument(help="A folder made by `crossmodal index`.")]


@contextmanager
def explained() -> Iterator[None]:
    """Errors of the package end the command with their own words; nobody wants a traceback."""
    from crossmodal_edu.errors import CrossmodalError

    try:
        yield
        sys.stdout.flush()
    except CrossmodalError as error:
        err.print(f"error: {printable(error)}", style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever reads the output has seen enough
            raise typer.Exit(0) from None
        err.print(f"error: the output cannot be written: {error.strerror or error}", style="red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        err.print("stopped; nothing was half-written")
        raise typer.Exit(130) from None


def columns_of(given: Sequence[str] | None) -> dict[str, str]:
    """Pairs like title=Bezeichnung."""
    from crossmodal_edu.errors import InputError

    pairs = [pair.partition("=") for pair in given or []]
    if any(not (meaning and name) for meaning, _, name in pairs):
        raise InputError("--column needs a meaning and a name.", accepted="--column title=Bezeichnung")
    return {meaning: name for meaning, _, name in pairs}
