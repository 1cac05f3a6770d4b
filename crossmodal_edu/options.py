"""What the commands share: their options, and how an error ends them in its own words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from crossmodal_edu.errors import CrossmodalError, InputError
from crossmodal_edu.printing import err, printable

Catalog = Annotated[
    str, typer.Option("--catalog", "-c", help="shop, fashion, a folder of `crossmodal index`, or a table.")
]
Model = Annotated[str | None, typer.Option(help="The model that embeds products: shop or fashion.")]
MediaRoot = Annotated[Path | None, typer.Option(help="A further folder of pictures and sounds.")]
Column = Annotated[
    list[str] | None, typer.Option(help="What a column is: title=Bezeichnung. Common exports are known.")
]
Problems = Annotated[int, typer.Option(min=0, help="How many problems of a table are shown in full.")]
NamedCatalog = Annotated[str, typer.Argument(help="shop, fashion, or a folder of `crossmodal index`.")]
Folder = Annotated[Path, typer.Argument(help="A folder made by `crossmodal index`.")]


@contextmanager
def explained() -> Iterator[None]:
    """Errors of the package end the command with their own words; nobody wants a traceback."""
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


class Commands(TyperGroup):
    """Commands, around each of which errors are :func:`explained`."""

    def invoke(self, ctx: Any) -> Any:
        with explained():
            return super().invoke(ctx)


def columns_of(given: Sequence[str] | None) -> dict[str, str]:
    """Pairs like title=Bezeichnung."""
    pairs = [pair.partition("=") for pair in given or []]
    if any(not (meaning and name) for meaning, _, name in pairs):
        raise InputError("--column needs a meaning and a name.", accepted="--column title=Bezeichnung")
    return {meaning: name for meaning, _, name in pairs}
