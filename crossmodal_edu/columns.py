"""Which column of a table is the title, the picture and so on, as shops and their exports call them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crossmodal_edu.errors import TableError

COLUMNS = (
    "id", "title", "description", "image", "audio", "title_zh", "description_zh", "captions", "split",
)  # fmt: skip
"""The columns of a product table that have a meaning; every other column is an attribute."""

_SEARCHED = ("title", "description", "title_zh", "description_zh", "image", "audio")

# By letters and digits alone, in lower case; the first that a table has is taken.
_ALSO = {
    "id": ("productid", "itemid", "sku", "handle", "asin", "uniqid"),
    "title": ("productdisplayname", "productname", "producttitle", "itemname", "name"),
    "description": ("productdescription", "longdescription", "bodyhtml", "body", "details"),
    "image": ("imagepath", "imagefile", "imagesrc", "imageurl", "imagelink", "picture", "photo"),
    "audio": ("audiopath", "audiofile", "sound", "recording"),
}


def meanings(names: Sequence[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """What some columns are, by their names; the others are attributes.

    Parameters
    ----------
    names : sequence of str
        The header, without spaces at the ends.
    chosen : mapping of meaning to name, optional
        Says for some of :data:`COLUMNS` which column it is.

    Raises
    ------
    TableError
        If a chosen column is not there, or no column is anything that can be searched.

    Examples
    --------
    >>> meanings(["Handle", "Title", "Body (HTML)", "Vendor"])
    {'Handle': 'id', 'Title': 'title', 'Body (HTML)': 'description'}
    >>> meanings(["sku", "Bezeichnung"], {"title": "Bezeichnung"})
    {'Bezeichnung': 'title', 'sku': 'id'}
    """
    found: dict[str, str] = {}
    for meaning, name in (chosen or {}).items():
        if meaning not in COLUMNS or name not in names:
            wrong = f"no meaning {meaning!r}" if meaning not in COLUMNS else f"no column {name!r}"
            raise _unclear(f"There is {wrong}", names)
        found[name] = meaning
    for meaning in COLUMNS:
        by_key = {_key(name): name for name in names if name not in found}
        keys = (_key(meaning), *_ALSO.get(meaning, ()))
        match = next((by_key[key] for key in keys if key in by_key), None)
        if meaning not in found.values() and match is not None:
            found[match] = meaning
    if not set(found.values()) & set(_SEARCHED):
        raise _unclear("No column is taken as the title, a picture or a sound", names)
    return found


def _unclear(problem: str, names: Sequence[str]) -> TableError:
    listed = ", ".join(name[:40] for name in names[:12] if name) or "without names"
    return TableError(
        f"{problem}; the columns are {listed}.",
        accepted=f"a header with some of {', '.join(COLUMNS)}; other columns are attributes.",
        remedy="Rename one, or say which it is: --column title=NAME, or columns={'title': 'NAME'}.",
    )


def _key(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
