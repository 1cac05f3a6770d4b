"""A search as a page to look at: what was asked, and the products with their pictures and sounds."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from crossmodal_edu.errors import InputError, StorageError
from crossmodal_edu.modality import Modality, Query, open_audio, open_image, read_query
from crossmodal_edu.packing import encode_opus, encode_thumbnail
from crossmodal_edu.results import Hit, Results
from crossmodal_edu.saving import written_aside

_PAGE = """<!doctype html>
<html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Search</title>
<style>
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 1.5rem; color-scheme: light dark }}
ol {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; padding: 0 }}
li {{ list-style: none }} img {{ max-width: 100%; max-height: 12rem }} audio {{ width: 100% }}
</style>
<header>{asked}</header>
{notes}<ol>
{found}
</ol></html>
"""


def write_sheet(query: Sequence[Query], results: Results, path: str | Path) -> None:
    """Write what was asked and found as one HTML page, which needs no other file and no network.

    Pictures are made small, sounds become compressed speech, and both are made anew, so that nothing of
    a file but what one sees and hears gets into the page.

    Parameters
    ----------
    query : sequence of words, Path, bytes, picture or waveform
        The parts of the query, as :meth:`SearchEngine.search` takes them.
    results : Results
    path : str or Path
        Its name ends in .html.

    Raises
    ------
    StorageError
        If the name ends otherwise, or the page cannot be written there.
    """
    check_sheet(path)
    asked = "".join(_shown(*read_query(part)) for part in query)
    notes = "".join(f"<p>{escape(note)}</p>\n" for note in results.notes)
    page = _PAGE.format(asked=asked, notes=notes, found="\n".join(map(_hit, results)))
    with written_aside(path) as fresh:
        fresh.write_text(page, encoding="utf-8")


def check_sheet(path: str | Path) -> None:
    """Refuse a name that is no page in a folder that exists, before anything is searched.

    Raises
    ------
    StorageError
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm") or not path.absolute().parent.is_dir():
        raise StorageError(
            f"The sheet cannot be written to {path}.",
            accepted="a name that ends in .html, in a folder that exists.",
            remedy="For example: --sheet found.html",
        )


def _hit(hit: Hit) -> str:
    product = hit.product
    sides = [(Modality.IMAGE, product.image, open_image), (Modality.AUDIO, product.audio, open_audio)]
    seen = []
    for side, media, opener in sides:
        try:
            seen += [] if media is None else [_shown(side, opener(media))]
        except InputError:
            seen.append(f"<p>its {side.value} cannot be opened</p>")
    title = escape(product.title or product.title_zh or product.id)
    return (
        f'<li>{"".join(seen)}<p dir="auto">{hit.rank}. {title}<br>'
        f"<small>{hit.score:.3f} by {hit.matched.value} · {escape(product.id)}</small></p></li>"
    )


def _shown(side: Modality, content: Any) -> str:
    if side is Modality.TEXT:
        return f'<p dir="auto">“{escape(content)}”</p>'
    if side is Modality.AUDIO:
        return f'<audio controls src="data:audio/ogg;base64,{_base64(encode_opus(content))}"></audio>'
    return f'<img alt="" src="data:image/webp;base64,{_base64(encode_thumbnail(content))}">'


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
