"""The seams *side* and *encoder*: what each modality sees of a product, and what turns it into vectors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from crossmodal_edu.errors import RankingError, SpaceError
from crossmodal_edu.modality import Modality, open_audio, open_image, open_text
from crossmodal_edu.padding import batches
from crossmodal_edu.products import Product
from crossmodal_edu.saving import reading, written_aside
from crossmodal_edu.training import inference


@dataclass(frozen=True)
class Side:
    """What one modality sees of a product, and how that is opened.

    Parameters
    ----------
    content : callable
        From a product to what it has: words, a file, or None where there is nothing.
    open : callable
        From that, or from a query, to what an encoder takes; raises InputError.
    kind : type or tuple of types
        Of what an encoder takes.
    said : str
        "a picture", for messages.
    example : str
        How a list of such things is written.
    """

    content: Callable[[Product], Any]
    open: Callable[[Any], Any]
    kind: Any
    said: str
    example: str


SIDES: Mapping[Modality, Side] = {
    Modality.TEXT: Side(
        content=lambda product: product.text or product.text_zh or None,
        open=open_text,
        kind=str,
        said="words",
        example='["red bag", "shoe"]',
    ),
    Modality.IMAGE: Side(
        content=lambda product: product.image,
        open=open_image,
        kind=(Image.Image, Path, bytes),
        said="a picture",
        example='[Path("bag.jpg")]',
    ),
    Modality.AUDIO: Side(
        content=lambda product: product.audio,
        open=open_audio,
        kind=(np.ndarray, Tensor),
        said="a sound",
        example='[open_audio(Path("bag.wav"))]',
    ),
}
"""The sides of a product. A further modality is one more row, given to :class:`SearchEngine`."""


def side_named(modality: Modality | str, sides: Mapping[Modality, Any] = SIDES) -> Modality:
    """A side of products by name.

    Raises
    ------
    RankingError
        If products have no such side.
    """
    if modality not in sides:  # a string equals the modality that it names
        remedy = "Leave it out to compare with all of them."
        raise RankingError.unknown(f"Products have no side called {modality!r}.", sides, remedy)
    return Modality(modality)


@runtime_checkable
class Encoder(Protocol):
    """Whatever turns things of one modality into vectors.

    ``modality`` says of which, ``dimensions`` how many numbers a vector has.
    ``embed(things)`` takes a list of them, strings, pictures or waveforms at 16 kHz, and gives
    (n, dimensions) numbers of any length, one row a thing; of the empty list (0, dimensions).
    A row does not depend on what else is in the list. One thing where a list is due is refused
    by :class:`~crossmodal_edu.errors.CrossmodalError`.

    One that is to be saved has ``save(folder)`` and a class method ``load(folder)`` as well.
    ``unknown(thing)`` may list what in a query it has never seen.
    """

    @property
    def modality(self) -> Modality: ...
    @property
    def dimensions(self) -> int: ...
    def embed(self, things: Sequence[Any], /) -> Float[Tensor, "n d"]: ...


class NetworkEncoder(nn.Module):
    """What encoders that are networks share: things become tensors, and tensors become vectors.

    A class has ``modality`` and ``dimensions``, ``prepare`` (things to tensors, on the CPU),
    ``forward`` (those to vectors) and ``settings``, what its ``__init__`` needs to make it again.

    ``published`` says that the weights come with a package: they are not saved, and are read from
    there again. ``cost`` is how much room a thing takes in a batch, and ``budget`` how much a batch
    has.
    """

    modality: ClassVar[Modality]
    published: ClassVar[bool] = False
    budget: ClassVar[int] = 256
    dimensions: int

    def prepare(self, things: Sequence[Any]) -> Any:
        """Things as one batch, with a method ``to(device)``."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """What makes an untrained encoder of the same sizes, in forms that JSON knows."""
        raise NotImplementedError

    def cost(self, thing: Any) -> int:
        """How much room a thing takes in a batch, before it is filled up to the longest."""
        return 1

    def embed(self, things: Any) -> Float[Tensor, "n d"]:
        """One vector per thing, on the CPU, the same whatever else is in the list.

        Raises
        ------
        SpaceError
            If it is no list of what the encoder reads.
        """
        check_things(self.modality, things)
        device = next(self.parameters()).device
        vectors = torch.empty(len(things), self.dimensions)
        with inference(self):
            for rows in batches([self.cost(thing) for thing in things], self.budget):
                prepared = self.prepare([things[row] for row in rows]).to(device)
                vectors[rows] = self(prepared).float().cpu()
        return vectors

    def save(self, folder: Path) -> None:
        """Write ``settings.json`` and, unless they are published, the weights in half precision."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text(json.dumps(self.settings(), indent=2) + "\n", encoding="utf-8")
        if not self.published:
            halves = {
                name: (value.half() if value.is_floating_point() else value).contiguous()
                for name, value in self.state_dict().items()
            }
            with written_aside(folder / "weights.safetensors") as fresh:
                save_file(halves, fresh)

    @classmethod
    def load(cls, folder: Path, **more: Any) -> NetworkEncoder:
        """Read what :meth:`save` wrote, in evaluation mode.

        Raises
        ------
        SpaceError
            If a file is missing or does not fit the others.
        """
        remedy = "Save it again, or use a model that ships: shop or fashion."
        with reading(folder, f"a {cls.__name__}", "the files that one save() wrote.", remedy, SpaceError):
            settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
            encoder = cls(**settings, **more)
            if not cls.published:
                encoder.load_state_dict(load_file(folder / "weights.safetensors"))
        return encoder.eval()


def check_things(modality: Modality, things: Any) -> None:
    """Refuse one thing where a list is due, and things that no encoder of the modality reads.

    Raises
    ------
    SpaceError
        With what was given, and how to write it.
    """
    side = SIDES.get(modality)
    if side is None:
        return
    given: Any = things
    one = isinstance(things, (str, bytes, Path, Image.Image)) or not hasattr(things, "__len__")
    one |= modality is Modality.AUDIO and getattr(things, "ndim", 2) < 2
    wrong = [] if one else [thing for thing in given if not isinstance(thing, side.kind)]
    if modality is Modality.AUDIO and not one and not wrong:
        wrong = [w for w in given if w.ndim != 1 or not len(w) or "float" not in str(w.dtype)]
    if one or wrong:
        given = given if one else wrong[0]
        shape = f" of shape {tuple(given.shape)} and {given.dtype}" if hasattr(given, "dtype") else ""
        of = " (samples,) of floats at 16 kHz" if modality is Modality.AUDIO else ""
        raise SpaceError(
            f"A {type(given).__name__}{shape} was given {'where a list is due' if one else 'in the list'}.",
            accepted=f"a list, in which each thing is {side.said}{of}.",
            remedy=f"Write for instance embed(Modality.{modality.name}, {side.example}).",
        )
