"""Rankings as pictures in a row: what was asked, and what was found."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from crossmodal_edu.audio.spectrum import log_mel
from crossmodal_edu.classroom.figures.canvas import INK, canvas
from crossmodal_edu.classroom.figures.lettering import wrapped
from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import Modality, Query, open_image, read_query
from crossmodal_edu.products import Product
from crossmodal_edu.results import Hit

RIGHT = "#009E73"  # Okabe and Ito's bluish green
_QUIET = "#767676"
_ROW, _MOST = 10, 100  # products side by side, and products of one query in all


def ranking_figure(
    rankings: Sequence[tuple[Query | list[Query], Sequence[Hit]]],
    right: Collection[str] = (),
    title: str = "",
) -> Figure:
    """One row for each query: the query at the left, then what was found, best first.

    Parameters
    ----------
    rankings : sequence of (query, hits)
        As given to and returned by :meth:`crossmodal_edu.engine.SearchEngine.search`.
    right : collection of str
        Ids of the products that are right answers; they are framed in green.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure
        At most 100 products a query, ten in a row. A product whose picture is missing or damaged
        has a frame that says so.

    Notes
    -----
    Chapter 01.
    """
    rows: list[tuple[Query | list[Query] | None, Sequence[Hit], int]] = []
    for query, hits in rankings:
        for start in range(0, min(max(len(hits), 1), _MOST), _ROW):
            upto = start + _ROW
            rows.append(
                (None if start else query, hits[start:upto], len(hits) - upto if upto == _MOST else 0)
            )
    columns = 1 + max([1, *(len(hits) for _, hits, _ in rows)])
    figure = canvas(1.95 * len(rows) + 0.4, title, width=1.45 * columns)
    table = figure.subplots(max(len(rows), 1), columns, squeeze=False)
    for axis in table.flat:
        axis.set_axis_off()
        axis.set_box_aspect(1)
    for row, (query, hits, more) in zip(table, rows, strict=False):
        if query is not None:
            _draw_query(row[0], query if isinstance(query, list) else [query])
            if not hits:
                _say(row[1], "nothing found")
        if more > 0:
            _say(row[0], f"{more:,} more\nare not shown")
        for axis, hit in zip(row[1:], hits, strict=False):
            show_picture(axis, hit.product)
            lines = wrapped(hit.product.title or hit.product.id, 19, 2)
            axis.set_title(
                "\n".join([f"{hit.cosine:.2f} {hit.matched.value}", *lines]), fontsize=8, color=INK
            )
            if hit.product.id in right:
                _frame(axis, RIGHT)
    return figure


def show_picture(axis: Axes, product: Product) -> None:
    """A product's picture, in a square; without one, a frame that says what is missing."""
    axis.set_box_aspect(1)
    try:
        if product.image is not None:
            axis.imshow(_picture(open_image(product.image)))
            return
        missing = "only a sound" if product.modalities == (Modality.AUDIO,) else "no picture"
    except InputError:
        missing = "its picture\ncannot be opened"
    _say(axis, missing)


def _draw_query(axis: Axes, parts: Sequence[Query]) -> None:
    """The first picture or sound of a query, and above it its words and what else it has."""
    try:
        opened = [read_query(part) for part in parts]
    except InputError:
        _say(axis, "the query\ncannot be opened")
        return
    words = " ".join(content for side, content in opened if side is Modality.TEXT)
    others = [(side, content) for side, content in opened if side is not Modality.TEXT]
    if not others:
        _say(axis, "\n".join(wrapped(f"“{words}”", 14, 5)), INK)
        return
    (side, content), *rest = others
    if side is Modality.IMAGE:
        axis.imshow(_picture(content))
    else:
        sound = log_mel(torch.from_numpy(content)).numpy()
        axis.imshow(sound, origin="lower", aspect="auto", cmap="magma", vmin=sound.max() - 60)
    also = "".join(f" + {side.value}" for side, _ in rest)
    axis.set_title(
        "\n".join(wrapped((words or f"a query: {side.value}") + also, 19, 3)), fontsize=9, color=INK
    )
    _frame(axis, INK)


def _say(axis: Axes, words: str, colour: str = _QUIET) -> None:
    """An empty frame, and in it what would otherwise be asked."""
    axis.text(0.5, 0.5, words, ha="center", va="center", fontsize=9, color=colour, transform=axis.transAxes)
    _frame(axis, colour)


def _picture(image: Image.Image) -> np.ndarray:
    """Fitted into a square, white around, so that all pictures of a row are of one size."""
    small = image.copy()
    small.thumbnail((192, 192))  # first: a square around a long strip would not fit into memory
    side = max(small.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return np.asarray(square)


def _frame(axis: Axes, colour: str) -> None:
    axis.set_axis_on()
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set(color=colour, linewidth=2)
