"""What somebody asks for, in one part or several: opened, embedded, weighted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.encoders import Side
from crossmodal_edu.errors import InputError, SpaceError
from crossmodal_edu.modality import Modality, read_query
from crossmodal_edu.model import Model
from crossmodal_edu.retrieval.merging import Part
from crossmodal_edu.retrieval.ranking import as_tensor, normalise
from crossmodal_edu.text.tokens import tokenise

_SILENCE = 1e-4  # of full scale


@dataclass(frozen=True, eq=False)
class EmbeddedQuery:
    """A query as an engine sees it: its parts, and sentences for people on what to know of it.

    The absolute weights of the parts add up to 1.
    """

    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Modality, ...]:
        """The modalities of the parts that are no bare vectors."""
        return tuple(part.modality for part in self.parts if part.modality is not None)

    @property
    def vector(self) -> Float[Tensor, "d"]:
        """The weighted mean of the parts, at length one."""
        return normalise(torch.stack([part.weight * part.vector for part in self.parts]).sum(dim=0))


def embed_query(
    model: Model,
    sides: Mapping[Modality, Side],
    query: object = None,
    named: Mapping[str, object] | None = None,
    weights: Sequence[float] | np.ndarray | None = None,
) -> EmbeddedQuery:
    """Open and embed the parts of a query.

    Parameters
    ----------
    model : Model
    sides : mapping of Modality to Side
    query : words, Path, bytes, picture, waveform, or a list of several of them
        The modality of each is recognised.
    named : mapping
        Parts whose modality is said: "text", "image", "audio", "video"; and "vector".
    weights : sequence of float, optional
        One for each part, those of ``query`` first; below 0 for what is not wanted. Else all are
        alike.

    Raises
    ------
    InputError
        If a part cannot be read, or there is none, or the weights do not fit.
    SpaceError
        If the model has no encoder for a part.
    """
    given = query if isinstance(query, list) else [query]
    openers = {side: sides[side].open for side in sides}
    opened = [read_query(_no_point(one, model), openers) for one in given if one is not None]
    said = {name: content for name, content in (named or {}).items() if content is not None}
    points = [_point(said.pop("vector"), model.dimensions)] if "vector" in said else []
    opened += [(Modality(name), _as_said(Modality(name), content, sides)) for name, content in said.items()]
    vectors = [*(model.embed(side, [content])[0] for side, content in opened), *points]
    if not vectors:
        raise InputError("There is nothing to search for.", accepted="words, a picture, a sound or a vector.")
    modalities = [*(side for side, _ in opened), *(None for _ in points)]
    asked = EmbeddedQuery(tuple(map(Part, modalities, vectors, _shares(weights, len(vectors)))))
    notes = [note for side, content in opened for note in _notes(model, side, content)]
    if not asked.vector.any():
        notes.append("The parts of the query cancel each other: the order of what was found says nothing.")
    return replace(asked, notes=tuple(notes))


def _as_said(side: Modality, given: object, sides: Mapping[Modality, Side]) -> Any:
    """The content of a part of a query whose modality its name tells."""
    if side not in sides:
        accepted = ", ".join(f"{one.value}=" for one in sides) + " and vector=."
        raise SpaceError(f"{side.value}= was given, and products have no such side here.", accepted=accepted)
    if isinstance(given, str) != (side is Modality.TEXT):
        thing = f"a Path, bytes, or the thing itself; for a file write {side.value}=Path(name)."
        accepted = "a string." if side is Modality.TEXT else thing
        raise InputError(f"{side.value}= was given {given!r:.80}.", accepted=accepted)
    return sides[side].open(given)


def _no_point(query: object, model: Model) -> object:
    if getattr(query, "shape", None) == (model.dimensions,):
        told = f"An array of {model.dimensions} numbers may be a sound or a vector."
        raise InputError(told, accepted="audio=array, or vector=array.", remedy="Say which of the two it is.")
    return query


def _point(vector: object, dimensions: int) -> Float[Tensor, "d"]:
    point = as_tensor(vector)
    if not isinstance(point, Tensor) or point.shape != (dimensions,) or not point.any():
        raise InputError(
            f"The vector is {tuple(point.shape) if isinstance(point, Tensor) else type(point).__name__}.",
            accepted=f"{dimensions} numbers, not all of them 0, in a space of this engine's model.",
            remedy="Take a row of engine.vectors(side), or the vector of engine.embed_query(query).",
        )
    return normalise(point.detach().to("cpu", torch.float32))


def _shares(weights: Sequence[float] | np.ndarray | None, n: int) -> list[float]:
    """The weights, so that their absolute values add up to 1."""
    if weights is None:
        return [1 / n] * n
    given = list(weights) if isinstance(weights, (Sequence, np.ndarray)) else []
    finite = all(isinstance(w, Real) and math.isfinite(w) for w in given)
    if len(given) != n or not finite or not any(given):
        raise InputError(
            f"The weights are {weights!r:.80}, and the query has {n} part{'s' if n > 1 else ''}.",
            accepted="as many finite numbers as there are parts, not all of them 0.",
            remedy="For a photo, but not so red: search([photo], text='red', weights=[1, -0.3]).",
        )
    total = sum(map(abs, given))
    return [float(weight / total) for weight in given]


def _notes(model: Model, side: Modality, content: Any) -> Iterator[str]:
    if side is Modality.AUDIO and np.abs(content).max() < _SILENCE:
        yield "The sound is silent: what was found is no answer to it."
    ask = getattr(model.encoders[side], "unknown", None)
    if side is Modality.TEXT and ask is not None:
        unknown = ask(content)
        listed = ", ".join(unknown[:8]) + (", …" if len(unknown) > 8 else "")
        if len(unknown) == len(set(tokenise(content))):
            words = listed or "there is none"
            yield f"The model knows no word of the query ({words}); do not trust the ranking."
        elif unknown:
            yield f"Words that the model does not know, and takes by their letters: {listed}."
