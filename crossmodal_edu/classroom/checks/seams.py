"""Your engine: what every encoder, space and index has to do, the package's own and yours.

The tests of the package run the same checks over its own classes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.checking import NotYet, check
from crossmodal_edu.errors import CrossmodalError, RankingError
from crossmodal_edu.modality import Modality
from crossmodal_edu.retrieval.index import Index
from crossmodal_edu.retrieval.ranking import exact_cosines
from crossmodal_edu.spaces.space import Features


@check
def check_encoder(encoder: Any, things: Sequence[Any]) -> str:
    """An encoder, by three or more different things that it reads.

    Examples
    --------
    >>> from crossmodal_edu.pretrained import load_pretrained
    >>> words = load_pretrained("shop").encoders[Modality.TEXT]
    >>> _ = check_encoder(words, ["red bag", "blue shoe", "a"])
    Right: 3 things of text became vectors of 256 numbers, whatever stood beside them.
    """
    for name in ("modality", "dimensions", "embed"):
        if not hasattr(encoder, name):
            raise NotYet(f"your encoder has no {name}. An encoder says of which modality it is, how many "
                         "numbers its vectors have, and has a method embed(things).")  # fmt: skip
    if encoder.modality not in list(Modality):
        raise NotYet(f"its modality is {encoder.modality!r}; take Modality.TEXT, .IMAGE, .AUDIO or .VIDEO.")
    together = _rows(encoder.embed(list(things)), len(things), encoder.dimensions, "embed")
    _rows(encoder.embed([]), 0, encoder.dimensions, "embed([])")
    if not torch.allclose(_tensor(encoder.embed(list(things))), together, atol=1e-5):
        raise NotYet("the same things gave other vectors the second time. Is dropout on, or something drawn?")
    alone = torch.cat([_tensor(encoder.embed([thing])) for thing in things])
    scale = max(1.0, float(together.abs().max()))
    if not torch.allclose(alone, together, atol=1e-3 * scale):
        worst = int((alone - together).abs().amax(dim=1).argmax())
        raise NotYet(f"thing {worst} has another vector alone than among the others. Does the filling count?")
    flipped = _tensor(encoder.embed(list(things)[::-1])).flip(0)
    if not torch.allclose(flipped, together, atol=1e-3 * scale):
        raise NotYet("in another order the vectors do not follow their things.")
    if torch.allclose(together[0], together[1]) and torch.allclose(together[1], together[2]):
        raise NotYet("different things have the same vector.")
    try:
        encoder.embed(things[0])
    except CrossmodalError:
        pass
    except Exception as error:
        raise NotYet(f"one thing where a list is due ends in {type(error).__name__}; "
                     "let it be a CrossmodalError that says what to write.") from error  # fmt: skip
    else:
        raise NotYet("one thing was taken for a list. A string is a list of letters, so say that it is one.")
    return (
        f"{len(things)} things of {Modality(encoder.modality).value} became vectors of "
        f"{encoder.dimensions} numbers, whatever stood beside them."
    )


@check
def check_space(space: Any, features: Mapping[Modality, Features]) -> str:
    """A space, by features of two modalities or more, of products some of which have several.

    Where it says that two modalities are aligned, the vectors of one product have to be nearer to each
    other than to those of the next product.
    """
    for name in ("dimensions", "fit", "embed", "aligned"):
        if not hasattr(space, name):
            raise NotYet(f"your space has no {name}.")
    if space.fit(features) is not space:
        raise NotYet("fit returns the space itself, so that one can write space = Space(8).fit(features).")
    placed = {}
    for side, given in features.items():
        placed[side] = _rows(space.embed(side, given.vectors), len(given.ids), space.dimensions, "embed")
        lengths = placed[side].norm(dim=1)
        if not torch.allclose(lengths[lengths > 0], torch.ones(int((lengths > 0).sum())), atol=1e-4):
            raise NotYet(f"the vectors of {side.value} are not of length one, so longer ones would win.")
        _rows(space.embed(side, given.vectors[:0]), 0, space.dimensions, "embed of nothing")
        if not torch.allclose(_tensor(space.embed(side, given.vectors[1:2])), placed[side][1:2], atol=1e-4):
            raise NotYet("a vector lands elsewhere when it comes alone.")
    for one, other in product(features, features):
        if not isinstance(space.aligned(one, other), bool) or space.aligned(one, other) != space.aligned(
            other, one
        ):
            raise NotYet("aligned(one, other) is True or False, and the same the other way round.")
        if one == other and not space.aligned(one, other):
            raise NotYet("each modality may be compared with itself.")
        if one != other and space.aligned(one, other):
            near, far = _pairs(placed[one], features[one].ids, placed[other], features[other].ids)
            if near <= far:
                raise NotYet(
                    f"{one.value} and {other.value} are said to be aligned, but products are no nearer to "
                    f"themselves ({near:.2f}) than to others ({far:.2f})."
                )
    return (
        f"{len(features)} modalities have unit vectors of {space.dimensions} numbers, and what it says holds."
    )


@check
def check_index(make: Callable[[int], Index]) -> str:
    """An index, by its class or whatever makes one for a number of dimensions.

    Examples
    --------
    >>> from crossmodal_edu.retrieval.index import ExactIndex
    >>> _ = check_index(ExactIndex)
    Right: 60 vectors were added, found, removed, saved and loaded as by hand.
    """
    rng = torch.Generator().manual_seed(4)
    vectors, queries = torch.randn(60, 8, generator=rng), torch.randn(5, 8, generator=rng)
    vectors[7] = vectors[31]  # equal, and so found in any order
    names = [f"p{i}" for i in range(60)]
    index = make(8)
    if len(index.search(queries, 3).ids[0]):
        raise NotYet("an empty index finds something.")
    index.add(names[:50], vectors[:50])
    index.add(names[50:], 3 * vectors[50:])
    held = dict(zip(names, F.normalize(vectors), strict=True))
    _compare(index, held, queries, None, "60 vectors")
    for taken in (["p3", "p59"], ["p0"]):
        index.remove(taken)
        for name in taken:
            del held[name]
    _compare(index, held, queries, None, "after three were removed")
    index.add(["p3"], vectors[:1])
    held["p3"] = F.normalize(vectors[:1])[0]
    _compare(index, held, queries, None, "after a name came back with another vector")
    _compare(index, held, queries, {"p3", "p7", "p31", "p40", "unheard"}, "among some names only")
    if index.search(queries, 4, allowed=()).scores.shape != (5, 0):
        raise NotYet("with no name allowed, the scores have the shape (queries, 0).")
    wrong: Mapping[str, Callable[[], object]] = {
        "a name that is there is added again": lambda: index.add(["new", "p5"], vectors[:2]),
        "one name stands for two vectors": lambda: index.add(["new", "new"], vectors[:2]),
        "vectors of another size are added": lambda: index.add(["new"], torch.ones(1, 9)),
        "a vector holds NaN": lambda: index.add(["new"], torch.full((1, 8), torch.nan)),
        "a name that is not there is removed": lambda: index.remove(["p5", "new"]),
        "a name that is not there is asked for": lambda: index.get(["new"]),
        "k is 0": lambda: index.search(queries, 0),
        "a query has another size": lambda: index.search(torch.ones(1, 9), 1),
    }
    for what, act in wrong.items():
        try:
            act()
        except RankingError:
            pass
        except Exception as error:
            raise NotYet(
                f"when {what}, it ends in {type(error).__name__}; let it be a RankingError."
            ) from error
        else:
            raise NotYet(f"nothing is said when {what}.")
    _compare(index, held, queries, None, "after eight mistakes, which should change nothing")
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder) / "index")
        again = type(index).load(Path(folder) / "index")
    _compare(again, held, queries, None, "after saving and loading")
    return "60 vectors were added, found, removed, saved and loaded as by hand."


def _compare(
    index: Index, held: Mapping[str, Tensor], queries: Tensor, allowed: set[str] | None, when: str
) -> None:
    """The answers of an index against those of a plain table, up to the order of equal scores."""
    names = [name for name in held if allowed is None or name in allowed]
    if len(index) != len(held) or set(index.ids) != set(held) or any(name not in index for name in held):
        raise NotYet(f"{when}: it holds {len(index)} names, not {len(held)}, or says so.")
    some = list(held)[:4][::-1]
    if not torch.allclose(_tensor(index.get(some)), torch.stack([held[name] for name in some]), atol=1e-5):
        raise NotYet(f"{when}: get does not give the unit vectors in the order in which they were asked for.")
    k = min(10, len(names))
    found = index.search(queries, 10, allowed)
    for query, ids, scores in zip(queries, found.ids, _tensor(found.scores), strict=True):
        table = exact_cosines(F.normalize(query, dim=0), torch.stack([held[n] for n in names]))
        cosines = dict(zip(names, table.tolist(), strict=True))
        best = sorted(cosines.values(), reverse=True)[:k]
        if len(set(ids)) != k or not set(ids) <= set(names):
            raise NotYet(f"{when}: {k} different names should be found, all of them allowed; it gave {ids}.")
        if not np.allclose(scores, [cosines[name] for name in ids], atol=1e-4):
            raise NotYet(f"{when}: the scores are not the cosines of what was found.")
        if not np.allclose(scores, best, atol=1e-4):
            raise NotYet(f"{when}: nearer vectors were passed over, or the best does not come first.")


def _pairs(one: Tensor, ids: Sequence[str], other: Tensor, other_ids: Sequence[str]) -> tuple[float, float]:
    """The mean cosine of the vectors of one product, and of one with those of the next product."""
    row = {id: position for position, id in enumerate(other_ids)}
    both = [(position, row[id]) for position, id in enumerate(ids) if id in row]
    first, second = one[[a for a, _ in both]], other[[b for _, b in both]]
    return float((first * second).sum(dim=1).mean()), float((first * second.roll(1, 0)).sum(dim=1).mean())


def _tensor(values: Any) -> Tensor:
    return torch.as_tensor(np.asarray(values.detach() if isinstance(values, Tensor) else values)).float()


def _rows(values: Any, n: int, dimensions: int, what: str) -> Tensor:
    """As a tensor of n rows of so many finite numbers."""
    table = _tensor(values)
    if table.shape != (n, dimensions):
        raise NotYet(f"{what} should give the shape ({n}, {dimensions}), one row a thing; yours is "
                     f"{tuple(table.shape)}.")  # fmt: skip
    if not torch.isfinite(table).all():
        raise NotYet(f"{what} gives NaN or infinity.")
    return table
