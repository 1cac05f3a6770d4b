"""A model: one encoder for each modality, and the space in which their vectors meet."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.encoders import Encoder
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.saving import reading
from crossmodal_edu.spaces.space import EmbeddingSpace, SharedSpace

KINDS = {
    "AudioEncoder": "crossmodal_edu.audio.encoder",
    "Autoencoders": "crossmodal_edu.spaces.autoencoder",
    "ContrastiveHeads": "crossmodal_edu.spaces.contrastive",
    "CorrelationSpace": "crossmodal_edu.spaces.correlation",
    "CorrespondenceAutoencoder": "crossmodal_edu.spaces.autoencoder",
    "ExactIndex": "crossmodal_edu.retrieval.index",
    "FaissIndex": "crossmodal_edu.retrieval.approximate",
    "ImageEncoder": "crossmodal_edu.image.encoder",
    "Lite0": "crossmodal_edu.image.backbone",
    "MiniLM": "crossmodal_edu.text.sentence_bert",
    "PrincipalComponents": "crossmodal_edu.spaces.principal",
    "RidgeSpace": "crossmodal_edu.spaces.correlation",
    "SharedSpace": "crossmodal_edu.spaces.space",
    "TextEncoder": "crossmodal_edu.text.encoder",
}
"""The classes that a saved folder may name, and where they are. Others are given to ``load``."""

_FORMAT = 3


class Model:
    """Encoders and a space: things of any of its modalities become vectors that can be compared.

    Parameters
    ----------
    encoders : sequence of Encoder
        One for each modality.
    space : EmbeddingSpace, optional
        Without one, the encoders were trained together and end in the same space.
    name : str
    scales : mapping of str to (float, float), optional
        How rare its cosines are; see :class:`crossmodal_edu.retrieval.merging.Scales`. Without them
        they are measured on each catalogue.

    Raises
    ------
    SpaceError
        If two encoders read the same modality, or without a space their vectors differ in size.

    Notes
    -----
    Chapter 01.
    """

    def __init__(
        self,
        encoders: Iterable[Encoder],
        space: EmbeddingSpace | None = None,
        name: str = "",
        scales: Mapping[str, Sequence[float]] | None = None,
    ):
        given = list(encoders)
        self.encoders = {Modality(encoder.modality): encoder for encoder in given}
        sizes = {encoder.dimensions for encoder in given}
        told = ", ".join(f"{encoder.modality} ({encoder.dimensions} numbers)" for encoder in given)
        if space is None and len(sizes) == 1:
            space = SharedSpace(*sizes)
        fits = not isinstance(space, SharedSpace) or sizes == {space.dimensions}
        if space is None or not fits or len(self.encoders) < len(given):
            raise SpaceError(
                f"Encoders of {told or 'nothing'}.",
                accepted="one for each modality; without a space all vectors have the same size.",
                remedy="Give a space that was fitted on their vectors, such as PrincipalComponents.",
            )
        self.space = space
        self.name = name
        self.scales = dict(scales or {})

    @property
    def dimensions(self) -> int:
        """Numbers per vector."""
        return self.space.dimensions

    def embed(self, modality: Modality | str, things: Any) -> Float[Tensor, "n d"]:
        """Turn things of one modality into unit vectors.

        Parameters
        ----------
        modality : Modality or str
        things : list
            Strings, PIL pictures, or waveforms (samples,) at 16 kHz.

        Returns
        -------
        (n, d)
            On the CPU, one per thing.

        Raises
        ------
        SpaceError
            If there is no encoder for the modality, or the things are not a list of what it reads.

        Notes
        -----
        Chapter 01.
        """
        if modality not in self.encoders:
            raise SpaceError(
                f"The model has no encoder for {modality}.",
                accepted=", ".join(self.encoders) + ".",
                remedy="Take a video apart into pictures and sound first.",
            )
        modality = Modality(modality)
        vectors = torch.as_tensor(self.encoders[modality].embed(things)).float()  # NumPy's as well
        return self.space.embed(modality, vectors)

    def save(self, folder: Path) -> None:
        """Write each encoder and the space to a folder of its own, and what they are to ``model.json``.

        Raises
        ------
        SpaceError
            If a part cannot be saved, or could not be brought back.
        """
        parts = self._parts()
        mute = [type(p).__name__ for p in parts.values() if not (_has(p, "save") and _has(p, "load"))]
        if mute:
            raise SpaceError(
                f"{mute[0]} cannot be saved.",
                accepted="encoders and spaces with save(folder) and a class method load(folder).",
                remedy="Write the two, or keep the program and save the vectors: engine.vectors(side).",
            )
        check_names(self.classes())
        folder.mkdir(parents=True, exist_ok=True)
        for place, part in parts.items():
            part.save(folder / place)
        kinds = {place: type(part).__name__ for place, part in parts.items()}
        about = {"format": _FORMAT, "name": self.name, "kinds": kinds, "scales": self.scales}
        (folder / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        self.load(folder, self.classes())

    @classmethod
    def load(cls, folder: Path, classes: Iterable[type] = ()) -> Model:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        folder : Path
        classes : iterable of classes, optional
            Your own encoders and spaces. A folder only names a class, and never brings code.

        Raises
        ------
        SpaceError
            If a file is missing, or a class is unknown.
        """
        remedy = "Save the model again, or use one that ships: shop or fashion."
        with reading(folder, "a model", "a folder written by Model.save.", remedy, SpaceError):
            about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            if about["format"] > _FORMAT:
                raise ValueError("a newer version of this package made it; update the package")
            own = {kind.__name__: kind for kind in classes}
            if not about["kinds"].keys() <= {*Modality, "space"}:  # a name may not lead out of the folder
                raise ValueError(f"its parts are {', '.join(about['kinds'])}")
            parts = {
                place: class_named(kind, own).load(folder / place) for place, kind in about["kinds"].items()
            }
            encoders = [parts[place] for place in parts if place != "space"]
            return cls(encoders, parts["space"], about["name"], about["scales"])

    def classes(self) -> set[type]:
        """The classes of its parts, for :meth:`load`."""
        return {type(part) for part in self._parts().values()}

    def _parts(self) -> dict[str, Any]:
        return {**{side.value: encoder for side, encoder in self.encoders.items()}, "space": self.space}


def _has(part: object, method: str) -> bool:
    return callable(getattr(part, method, None))


def class_named(kind: str, own: Mapping[str, type]) -> Any:
    """A class that a saved folder names: one that is given, or one of :data:`KINDS`.

    Raises
    ------
    SpaceError
        If it is neither.
    """
    if kind in own:
        return own[kind]
    if kind not in KINDS:
        raise SpaceError(
            f"It has a {kind}, which this package does not know.",
            accepted=", ".join(KINDS) + ", and classes of your own that are given.",
            remedy=f"It is yours: load it in Python, with classes=[{kind}].",
        )
    return getattr(importlib.import_module(KINDS[kind]), kind)


def check_names(classes: Iterable[type]) -> None:
    """Refuse to save a class of one's own under the name of one of the package's, which would be loaded.

    Raises
    ------
    SpaceError
        With the name.
    """
    for kind in classes:
        if KINDS.get(kind.__name__, kind.__module__) != kind.__module__:
            raise SpaceError(
                f"A class of your own is called {kind.__name__}, as one of this package is.",
                accepted="another name.",
                remedy="Rename it: a saved folder knows a class by its name.",
            )
