"""Local scaling of cosines: an example by hand, a planted hub, and what is refused."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.errors import RankingError
from crossmodal_edu.evaluation.diagnostics import hubness
from crossmodal_edu.retrieval.csls import csls
from crossmodal_edu.retrieval.ranking import cosine_similarity, top_k


def test_by_hand():
    """Two items, one query, two known queries, one neighbour each.

    Cosines of the query: 0.8 with item 0, 0.6 with item 1; its neighbour is item 0. Item 0 = (1, 0) has the
    known query (1, 0) at cosine 1; item 1 = (0, 1) has (0.6, 0.8) at 0.8. So 1.6 − 0.8 − 1 = −0.2 and
    1.2 − 0.8 − 0.8 = −0.4.
    """
    query, items = torch.tensor([[0.8, 0.6]]), torch.eye(2)
    known = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    torch.testing.assert_close(csls(query, items, known, k=1), torch.tensor([[-0.2, -0.4]]))
    # Both neighbours: item 0 at (1 + 0.6) / 2, item 1 at (0 + 0.8) / 2; the query at (0.8 + 0.6) / 2.
    torch.testing.assert_close(csls(query, items, known, k=2), torch.tensor([[0.1, 0.1]]))


def test_lengths_do_not_count():
    queries, items, known = torch.randn(5, 4), torch.randn(20, 4), torch.randn(30, 4)
    torch.testing.assert_close(csls(3 * queries, 5 * items, 7 * known), csls(queries, items, known))


def test_a_planted_hub_loses_its_place_and_the_right_answers_come_back():
    """Queries lean to one side, where an item lies that is right for none of them."""
    rng = torch.Generator().manual_seed(0)
    things = F.normalize(torch.randn(400, 20, generator=rng))
    lean = F.normalize(torch.ones(1, 20))
    queries = F.normalize(things + 1.3 * lean + 0.12 * torch.randn(400, 20, generator=rng))
    items = torch.cat([things[:200], lean])  # the hub comes last
    right = torch.arange(200)
    plain = top_k(cosine_similarity(queries[:200], items), 1)
    cured = top_k(csls(queries[:200], items, queries[200:], k=10), 1)
    assert (plain.indices == 200).double().mean() > 0.5
    assert (cured.indices == 200).double().mean() < 0.2
    share = [(found.indices[:, 0] == right).double().mean() for found in (plain, cured)]
    assert share[1] > share[0] + 0.3
    assert hubness(cured, 201).skewness < hubness(plain, 201).skewness


def test_an_answer_does_not_depend_on_what_others_ask():
    queries, items, known = torch.randn(6, 4), torch.randn(20, 4), torch.randn(30, 4)
    torch.testing.assert_close(csls(queries, items, known)[:2], csls(queries[:2], items, known))


@pytest.mark.parametrize("k", [0, 11, 31])
def test_more_neighbours_than_there_are_is_refused(k, as_a_reader):
    with pytest.raises(RankingError, match=f"k is {k}"):
        csls(torch.randn(6, 4), torch.randn(10, 4), torch.randn(30, 4), k=k)


def test_other_spaces_are_refused(as_a_reader):
    for known in (torch.randn(30, 5), torch.randn(4)):
        with pytest.raises(RankingError):
            csls(torch.randn(6, 4), torch.randn(10, 4), known)
    with pytest.raises(RankingError, match="NaN"):
        csls(torch.randn(6, 4), torch.randn(10, 4), torch.full((30, 4), torch.nan))
