"""Rankings as pictures in a row: what was asked, and what was found."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from crossmodal_edu.audio.spectrum import log_mel
from crossmodal_edu.engine import Hit
from crossmodal_edu.modality import Modality, Query, open_audio, open_image, open_text, recognise
from crossmodal_edu.plots.canvas import INK, PAPER
from crossmodal_edu.products import Product

RIGHT = "#009E73"  # Okabe and Ito's bluish green


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

    Notes
    -----
    Chapter 01.
    """
    columns = 1 + max((len(hits) for _, hits in rankings), default=0)
    figure = Figure(figsize=(1.45 * columns, 1.95 * len(rankings) + 0.4), dpi=90, facecolor=PAPER)
    axes = figure.subplots(len(rankings), columns, squeeze=False)
    for row, (query, hits) in zip(axes, rankings, strict=True):
        for axis in row:
            axis.set_axis_off()
        _draw_query(row[0], query[0] if isinstance(query, list) else query, isinstance(query, list) and query)
        for axis, hit in zip(row[1:], hits, strict=False):
            _draw_product(axis, hit.product, f"{hit.score:.2f} {hit.matched.value}")
            if hit.product.id in right:
                _frame(axis, RIGHT)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    figure.tight_layout(pad=0.4)
    return figure


def products_figure(products: Sequence[Product], columns: int = 8, title: str = "") -> Figure:
    """Products side by side, as on a page of a catalogue.

    Notes
    -----
    Chapter 01.
    """
    rows = -(-len(products) // columns)
    figure = Figure(figsize=(1.25 * columns, 1.6 * rows + 0.3), dpi=90, facecolor=PAPER)
    axes = figure.subplots(rows, columns, squeeze=False).flat
    for axis in axes:
        axis.set_axis_off()
    for axis, product in zip(figure.axes, products, strict=False):
        _draw_product(axis, product, "")
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    figure.tight_layout(pad=0.4)
    return figure


def save_sheet(figure: Figure, path: Path) -> None:
    """Write a figure, as the name's ending says (PNG, JPEG, WebP, SVG or PDF)."""
    figure.savefig(path, facecolor=PAPER)


def _draw_query(axis: Axes, query: Query, several: Sequence[Query] | bool) -> None:
    kind = recognise(query)
    words = [open_text(q) for q in several or [query] if recognise(q) is Modality.TEXT]
    others = [q for q in several or [query] if recognise(q) is not Modality.TEXT]
    if others and recognise(others[0]) is Modality.IMAGE:
        axis.imshow(_picture(open_image(others[0])))
    elif others and recognise(others[0]) is Modality.AUDIO:
        picture = log_mel(torch.from_numpy(open_audio(others[0]))).numpy()
        axis.imshow(picture, origin="lower", aspect="auto", cmap="magma", vmin=picture.max() - 60)
    axis.set_box_aspect(1)
    said = "\n".join(textwrap.wrap(" ".join(words), 14)[:5])
    if others:
        axis.set_title(said or f"a query: {kind.value}", fontsize=9, color=INK)
    else:
        axis.text(
            0.5, 0.5, f"“{said}”", ha="center", va="center", fontsize=9, color=INK, transform=axis.transAxes
        )
    _frame(axis, INK)


def _draw_product(axis: Axes, product: Product, note: str) -> None:
    if product.image is not None:
        axis.imshow(_picture(open_image(product.image)))
    lines = textwrap.wrap(product.title or product.id, 19, max_lines=2, placeholder=" …")
    axis.set_title("\n".join(([note] if note else []) + lines), fontsize=8, color=INK)


def _picture(image: Image.Image) -> np.ndarray:
    """Fitted into a square, white around, so that all pictures of a row are of one size."""
    side = max(image.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    square.thumbnail((192, 192))
    return np.asarray(square)


def _frame(axis: Axes, colour: str) -> None:
    axis.set_axis_on()
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set(color=colour, linewidth=2)
