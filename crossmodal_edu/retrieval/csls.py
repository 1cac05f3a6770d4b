"""A cure for hubs: an item that is near to everything has to be nearer than that to be found."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.retrieval.ranking import cosine_similarity, top_k


def csls(
    queries: Float[Tensor, "q d"],
    gallery: Float[Tensor, "n d"],
    known: Float[Tensor, "m d"],
    k: int = 10,
) -> Float[Tensor, "q n"]:
    """Cosines, less how near each item is to queries anyway: cross-domain similarity local scaling.

    Parameters
    ----------
    queries, gallery : (q, d), (n, d)
        Vectors of one space, of any length.
    known : (m, d)
        Queries of the training side, from which the neighbours of an item are taken. To take them from
        those that are being asked would let each answer depend on what others ask.
    k : int
        How many neighbours are looked at, at most m and n.

    Returns
    -------
    (q, n)
        Twice the cosine, less the mean cosine of the query with its k nearest items and of the item
        with its k nearest known queries.

    Raises
    ------
    RankingError
        If k is larger than m or n, or as :func:`~crossmodal_edu.retrieval.ranking.cosine_similarity`.

    Notes
    -----
    Chapter 09. Conneau et al. (2018), section 2.3.

    Examples
    --------
    >>> import torch
    >>> hub, item = [1.0, 0.0], [0.6, 0.8]
    >>> query, known = torch.tensor([[0.9, 0.436]]), torch.tensor([[1.0, 0.0], [0.95, -0.312]])
    >>> csls(query, torch.tensor([hub, item]), known, k=1).argmax().item()  # by cosine, the hub is nearer
    1
    """
    cosines = cosine_similarity(queries, gallery)  # (q, n)
    around_queries = top_k(cosines, k).scores.mean(dim=1)  # (q,)
    around_items = top_k(cosine_similarity(gallery, known), k).scores.mean(dim=1)  # (n,)
    return 2 * cosines - around_queries[:, None] - around_items[None, :]
