"""COCO's format of captions: one JSON file with the pictures, and several sentences about each.

``captions_val2017.json`` and its like hold an object with two lists that matter here: ``images``, each with
an ``id`` and a ``file_name``, and ``annotations``, each with a ``caption`` and the ``image_id`` that it is
about. Chen et al. (2015) describe how they were collected.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossmodal_edu.errors import TableError, first_line


@dataclass(frozen=True)
class CocoCaptions:
    """Pictures, by the names of their files, and captions, each with the place of its picture.

    ``files`` are names as they stand in the file: check them before you join them to a folder.
    ``owners[j]`` is the position in ``files`` of the picture that ``captions[j]`` is about. A picture may
    have any number of captions, none included.
    """

    files: tuple[str, ...]
    captions: tuple[str, ...]
    owners: tuple[int, ...]


def load_coco_captions(path: str | Path) -> CocoCaptions:
    """Read a file of captions; the pictures themselves are not opened.

    Parameters
    ----------
    path : str or Path
        Such as ``annotations/captions_val2017.json``.

    Returns
    -------
    CocoCaptions
        Pictures in the order of the file, captions in the order of the file; line breaks and
        repeated spaces within a caption become one space.

    Raises
    ------
    TableError
        If the file cannot be read, is not of this form, names a picture twice, or has a caption
        without picture.

    Examples
    --------
    >>> import tempfile
    >>> images = [{"id": 7, "file_name": "7.jpg"}]
    >>> about = [{"image_id": 7, "caption": "A mug."}]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "captions.json"
    ...     _ = path.write_text(json.dumps({"images": images, "annotations": about}))
    ...     load_coco_captions(path)
    CocoCaptions(files=('7.jpg',), captions=('A mug.',), owners=(0,))
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        pictures = [(image["id"], image["file_name"]) for image in content["images"]]
        sentences = [(entry["image_id"], entry["caption"]) for entry in content["annotations"]]
        places = {id: place for place, (id, _) in enumerate(pictures)}
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, first_line(error)) from None
    except KeyError as error:
        raise _unreadable(path, f"an entry lacks {error}") from None
    except TypeError:
        raise _unreadable(path, "it is of another form") from None
    for _, text in (*pictures, *sentences):
        if not isinstance(text, str):
            raise _unreadable(path, f"{text!r:.60} stands where a text should")
    if len(places) < len(pictures):
        raise _unreadable(path, "two pictures have the same id")
    for id, caption in sentences:
        if not isinstance(id, Hashable):
            raise _unreadable(path, "it is of another form")
        if id not in places:
            raise _unreadable(
                path, f"the caption {caption!r:.60} is about picture {id!r}, which is not in it"
            )
    return CocoCaptions(
        tuple(name for _, name in pictures),
        tuple(" ".join(caption.split()) for _, caption in sentences),
        tuple(places[id] for id, _ in sentences),
    )


def _unreadable(path: Path, why: Any) -> TableError:
    return TableError(
        f"The captions in {path.name!r} cannot be read: {why}.",
        accepted='a JSON file with "images" (id, file_name) and "annotations" (image_id, caption).',
        remedy="Take captions_val2017.json of COCO, or write a file of the same form.",
    )
