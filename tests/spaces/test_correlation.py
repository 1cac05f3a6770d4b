"""CCA and ridge regression against their references, what damping does, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.correlation import CorrelationSpace, RidgeSpace, centred, whiten
from crossmodal_edu.spaces.space import Features

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO


def views(n: int = 200, sizes=(6, 5, 4), shared: int = 3, noise: float = 1.0, seed: int = 0):
    """Products of which each modality sees the same few hidden numbers, mixed, and noise of its own."""
    rng = torch.Generator().manual_seed(seed)
    hidden = torch.randn(n, shared, generator=rng)
    ids = [f"p{i}" for i in range(n)]
    found = {}
    for side, size in zip((TEXT, IMAGE, AUDIO), sizes, strict=False):
        mixed = hidden @ torch.randn(shared, size, generator=rng)
        own = torch.randn(n, size, generator=rng) @ torch.randn(size, size, generator=rng)
        found[side] = Features(mixed + noise * own + 3, ids)
    return found


def variates(space: CorrelationSpace, features) -> dict[Modality, np.ndarray]:
    """The components, each with its spread and not at length one."""
    return {
        side: ((some.vectors - space.means[side]) @ space.maps[side]).double().numpy()
        for side, some in features.items()
    }


def parallel(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The cosine of each column with the same column, whatever the sign."""
    lengths = np.linalg.norm(ours, axis=0) * np.linalg.norm(theirs, axis=0)
    return np.abs((ours * theirs).sum(axis=0)) / lengths


# --- references -------------------------------------------------------------------------------------------


def test_cca_equals_statsmodels_in_correlations_and_directions_to_1e_5():
    from statsmodels.multivariate.cancorr import CanCorr

    given = views(sizes=(6, 5))
    space = CorrelationSpace(5, 0.0).fit(given)
    theirs = CanCorr(given[TEXT].vectors.double().numpy(), given[IMAGE].vectors.double().numpy())
    np.testing.assert_allclose(space.correlations, theirs.cancorr, atol=1e-5)
    for side, directions in ((TEXT, theirs.y_cancoef), (IMAGE, theirs.x_cancoef)):
        same = parallel(space.maps[side].double().numpy(), directions[:, :5])
        np.testing.assert_allclose(same, 1, atol=1e-5)


def test_cca_equals_scikit_learn_in_its_correlations_to_1e_4():
    from sklearn.cross_decomposition import CCA

    given = views(sizes=(6, 5))
    tables = [some.vectors.double().numpy() for some in given.values()]
    theirs = CCA(3, max_iter=10_000, tol=1e-12).fit(*tables).transform(*tables)
    expected = [np.corrcoef(theirs[0][:, i], theirs[1][:, i])[0, 1] for i in range(3)]
    np.testing.assert_allclose(CorrelationSpace(3, 0.0).fit(given).correlations, expected, atol=1e-4)


def test_the_correlations_are_those_of_the_components_and_other_components_are_uncorrelated():
    given = views(sizes=(6, 5))
    space = CorrelationSpace(4, 0.0).fit(given)
    text, image = variates(space, given).values()
    both = np.corrcoef(text.T, image.T)
    np.testing.assert_allclose(both[:4, 4:], np.diag(space.correlations), atol=1e-5)
    np.testing.assert_allclose(both[:4, :4], np.eye(4), atol=1e-5)


def test_a_component_counts_as_much_as_it_is_correlated():
    given = views(sizes=(6, 5))
    space = CorrelationSpace(4, 0.0).fit(given)
    spread = variates(space, given)[TEXT].std(axis=0) * np.sqrt(200)
    np.testing.assert_allclose(spread, space.correlations, rtol=1e-4)


def test_maxvar_for_two_modalities_is_cca_to_1e_5():
    """Its one decomposition is that of the whitened tables side by side."""
    given = views(sizes=(6, 5))
    cca = CorrelationSpace(4, 0.0).fit(given)
    tables = centred(given)[1]
    white = {side: whiten(table, 0.0) for side, table in tables.items()}
    _, strengths, right = torch.linalg.svd(torch.cat([w for w, _ in white.values()], dim=1))
    np.testing.assert_allclose(strengths[:4] ** 2 - 1, cca.correlations, atol=1e-5)
    for side, turn in zip(white, right.T.split([6, 5]), strict=True):
        directions = (white[side][1] @ turn[:, :4]).numpy()
        np.testing.assert_allclose(parallel(directions, cca.maps[side].double().numpy()), 1, atol=1e-5)


def test_maxvar_equals_kettenrings_eigenvectors_to_1e_5():
    """The common variates are the first eigenvectors of the sum of the projections onto the modalities."""
    given = views()
    space = CorrelationSpace(3, 0.0).fit(given)
    total = 0.0
    for table in centred(given)[1].values():
        total = total + table @ torch.linalg.solve(table.T @ table, table.T)
    values, vectors = torch.linalg.eigh(total)
    np.testing.assert_allclose(space.correlations, (values.flip(0)[:3] - 1) / 2, atol=1e-5)
    together = sum(variates(space, given).values())
    np.testing.assert_allclose(parallel(together, vectors.flip(1)[:, :3].numpy()), 1, atol=1e-5)


def test_ridge_equals_scikit_learn_to_1e_4():
    from sklearn.linear_model import Ridge

    given = views()
    space = RidgeSpace(IMAGE, 0.3).fit(given)
    goal = given[IMAGE].vectors.double().numpy()
    for side in (TEXT, AUDIO):
        table = given[side].vectors.double().numpy()
        alpha = 0.3 * ((table - table.mean(axis=0)) ** 2).sum() / table.shape[1]
        predicted = Ridge(alpha=alpha).fit(table, goal).predict(table) - goal.mean(axis=0)
        ours = space.embed(side, given[side].vectors)
        torch.testing.assert_close(ours, F.normalize(torch.from_numpy(predicted).float()), atol=1e-4, rtol=0)
    own = F.normalize(given[IMAGE].vectors - given[IMAGE].vectors.mean(dim=0))
    torch.testing.assert_close(space.embed(IMAGE, given[IMAGE].vectors), own)
    assert space.dimensions == 5


@pytest.mark.parametrize("shape", [(50, 8), (8, 20)], ids=["many rows", "few rows"])
def test_whitening_leaves_equal_and_uncorrelated_columns(shape):
    table = torch.randn(shape, dtype=torch.float64) @ torch.randn(shape[1], shape[1], dtype=torch.float64)
    table = table - table.mean(dim=0)
    white, matrix = whiten(table, 0.0)
    assert white.shape == (shape[0], min(shape[1], shape[0] - 1))
    torch.testing.assert_close(white, table @ matrix)
    torch.testing.assert_close(white.T @ white, torch.eye(white.shape[1], dtype=torch.float64))


def test_damping_adds_to_every_variance_by_hand():
    """Variances 36 and 4, times n; their mean is 20, and a tenth of it is added: 36 / 38 and 4 / 6."""
    table = torch.tensor([[3.0, 1.0], [3.0, -1.0], [-3.0, 1.0], [-3.0, -1.0]])
    white, _ = whiten(table, 0.1)
    torch.testing.assert_close(white.T @ white, torch.diag(torch.tensor([36 / 38, 4 / 6])))


# --- what damping is for ----------------------------------------------------------------------------------


def test_fewer_products_than_dimensions_correlate_perfectly_and_mean_nothing_without_damping():
    given = views(n=60, sizes=(80, 70), noise=0.1)
    train = {side: Features(some.vectors[:40], some.ids[:40]) for side, some in given.items()}
    unseen = {side: some.vectors[40:] for side, some in given.items()}
    right = {}
    for regularisation in (0.0, 1.0):
        space = CorrelationSpace(3, regularisation).fit(train)
        words, pictures = (space.embed(side, some) for side, some in unseen.items())
        right[regularisation] = (words * pictures).sum(dim=1).mean().item()
        if regularisation == 0:
            np.testing.assert_allclose(space.correlations, 1, atol=1e-6)
    assert right[1.0] > 0.8 > 0.6 > right[0.0]


@pytest.mark.parametrize(
    "make", [lambda: CorrelationSpace(12), lambda: RidgeSpace(TEXT), lambda: RidgeSpace(AUDIO)]
)
def test_matching_pairs_come_nearer_than_others_in_all_directions_and_exchanged_ones_do_not(make):
    given = views(n=300, sizes=(40, 30, 25), shared=20, noise=0.1)
    train = {side: Features(some.vectors[:200], some.ids[:200]) for side, some in given.items()}
    exchanged = dict(train)
    for n, side in enumerate((IMAGE, AUDIO), 1):
        exchanged[side] = Features(train[side].vectors.roll(n, 0), train[side].ids)
    space, control = make().fit(train), make().fit(exchanged)
    for one, other in ((TEXT, IMAGE), (TEXT, AUDIO), (IMAGE, AUDIO)):
        a, b = (space.embed(side, given[side].vectors[200:]) for side in (one, other))
        assert (a * b).sum(dim=1).mean() > (a * b.roll(1, 0)).sum(dim=1).mean() + 0.7
        a, b = (control.embed(side, given[side].vectors[200:]) for side in (one, other))
        assert abs((a * b).sum(dim=1).mean() - (a * b.roll(1, 0)).sum(dim=1).mean()) < 0.3
        assert space.aligned(one, other)


def test_several_vectors_of_a_product_and_missing_ones_are_taken_as_they_are():
    given = views(sizes=(6, 5))
    rows = [*range(200), *range(9)]
    more = {
        TEXT: Features(given[TEXT].vectors[rows], [given[TEXT].ids[row] for row in rows]),
        IMAGE: Features(given[IMAGE].vectors[4:], given[IMAGE].ids[4:]),
    }
    same = {
        side: Features(torch.cat([some.vectors[4:9], some.vectors[4:]]), [f"q{i}" for i in range(201)])
        for side, some in given.items()
    }
    ours, theirs = CorrelationSpace(3).fit(more), CorrelationSpace(3).fit(same)
    torch.testing.assert_close(ours.correlations, theirs.correlations)


# --- bad input --------------------------------------------------------------------------------------------

MAKERS = {"CorrelationSpace": lambda: CorrelationSpace(2), "RidgeSpace": lambda: RidgeSpace(TEXT)}
each_space = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def _cut(given, rows: slice):
    return {side: Features(some.vectors[rows], some.ids[rows]) for side, some in given.items()}


def _nan(given):
    given[IMAGE].vectors[3, 1] = torch.nan
    return given


BAD = {
    "one modality": (lambda given: {TEXT: given[TEXT]}, "1 modality"),
    "no modality": (lambda given: {}, "0 modality|fitted"),
    "one product": (lambda given: _cut(given, slice(1)), "1 products"),
    "no product": (lambda given: _cut(given, slice(0)), "0 products"),
    "NaN": (_nan, "NaN"),
    "unpaired ids": (
        lambda given: given | {IMAGE: Features(given[IMAGE].vectors, [f"q{i}" for i in range(200)])},
        "0 products",
    ),
    "vectors that are all the same": (
        lambda given: given | {IMAGE: Features(torch.ones(200, 5), given[IMAGE].ids)},
        None,
    ),
}


@each_space
@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_fitted_is_refused(make, case):
    change, told = BAD[case]
    space = make()
    if told is None and isinstance(space, RidgeSpace):  # predicts nothing from nothing
        space.fit(change(views()))
        assert torch.isfinite(space.embed(IMAGE, torch.ones(2, 5))).all()
        return
    with pytest.raises(SpaceError, match=told or "0 directions"):
        space.fit(change(views()))


@each_space
def test_what_cannot_be_embedded_is_refused(make):
    space = make().fit(views(sizes=(6, 5)))
    with pytest.raises(SpaceError, match="not fitted on audio"):
        space.embed(AUDIO, torch.zeros(1, 4))
    with pytest.raises(SpaceError, match=r"shape \(1, 7\)"):
        space.embed(TEXT, torch.zeros(1, 7))
    assert not space.aligned(TEXT, AUDIO)
    assert torch.isfinite(space.embed(TEXT, torch.zeros(1, 6))).all()
    assert (space.embed(TEXT, space.means[TEXT]) == 0).all()  # the mean of all products is like none


@each_space
def test_labels_may_be_of_any_length(make):
    make().fit(views(), labels={"p0": "bag"})


def test_more_components_than_directions_and_settings_below_0_are_refused():
    with pytest.raises(SpaceError, match="audio vary in 4 directions"):
        CorrelationSpace(5).fit(views())
    with pytest.raises(SpaceError, match="vary in 3 directions"):
        CorrelationSpace(4, 0.0).fit(_cut(views(), slice(4)))
    for make in (
        lambda: CorrelationSpace(2, -0.1),
        lambda: RidgeSpace(TEXT, -1),
        lambda: CorrelationSpace(0),
    ):
        with pytest.raises(SpaceError):
            make()
    with pytest.raises(SpaceError, match="regularisation is nan"):
        CorrelationSpace(2, float("nan"))
    with pytest.raises(SpaceError, match="not fitted on audio"):
        RidgeSpace(AUDIO).fit(views(sizes=(6, 5)))
