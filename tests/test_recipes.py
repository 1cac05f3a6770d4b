"""Training on a tiny made shop: it learns, keeps its best epoch, and small shops can be trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal_edu.audio.encoder import stack_spectrograms
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.model import Model
from crossmodal_edu.recipes import Examples, Recipe, _Learner, embed_examples, fit
from crossmodal_edu.spaces.contrastive import ContrastiveLearner

# What is seen and heard of each: paint, and the pitch in Hz of half of the sound.
COLOURS = {"red": ((220, 30, 30), 300), "green": ((30, 200, 40), 900), "blue": ((30, 40, 220), 2_700)}
TYPES = {"bag": 300, "shoe": 900, "hat": 2_700}
RECIPE = Recipe(
    epochs=12,
    image_size=(16, 16),
    recurrent=False,
    image_channels=(8, 8),
    batch_size=9,
    learning_rate=0.01,
    dropout=0.0,
    minimum_count=1,
    buckets=16,
    lost_words=0.0,
    reduced_precision=False,
)


def products(copies: int, seed: int = 0) -> tuple[list[tuple[str, ...]], list[Image.Image], list[np.ndarray]]:
    """Each colour of each type, ``copies`` times: its name, a coloured bar, two tones with some noise."""
    rng = np.random.default_rng(seed)
    texts, images, sounds = [], [], []
    for _ in range(copies):
        for colour, (paint, high) in COLOURS.items():
            for row, (kind, pitch) in enumerate(TYPES.items()):
                texts.append((f"{colour} {kind}", f"a {kind} in {colour}"))
                pixels = np.full((16, 16, 3), 255, np.uint8)
                pixels[5 * row : 5 * row + 5] = paint
                images.append(Image.fromarray(pixels))
                pitches = np.repeat([high, pitch], 2_000)
                tones = 0.3 * np.sin(2 * np.pi * pitches * np.arange(4_000) / 16_000)
                sounds.append((tones + rng.normal(0, 0.01, 4_000)).astype(np.float32))
    return texts, images, sounds


def examples(copies: int = 2, seed: int = 0) -> tuple[Model, Examples]:
    texts, images, sounds = products(copies, seed)
    model = RECIPE.new_model(RECIPE.vocabulary(texts))
    return model, Examples.of(model, texts, images, sounds)


def first(some: Examples, n: int) -> Examples:
    return Examples(some.texts[:n], some.pixels[:n], some.sounds[:n], some.groups[:n])


def found(model: Model, some: Examples, asked: Modality) -> float:
    """The share of products whose picture, or one of the same title, comes first."""
    vectors = embed_examples(ContrastiveLearner(model.encoders.values()), some)
    best = (vectors[asked] @ vectors[Modality.IMAGE].T).argmax(dim=1)
    return (some.groups[best] == some.groups).double().mean().item()


def test_it_learns_which_picture_a_title_and_a_sound_belong_to():
    """Nine titles, so chance is 1 in 9."""
    model, training = examples(4)
    history = fit(model, replace(RECIPE, epochs=25), training, training)
    assert not any(encoder.training for encoder in model.encoders.values())
    assert history.loss[-1] < 0.8 * history.loss[0]
    assert found(model, training, Modality.TEXT) > 0.5
    assert found(model, training, Modality.AUDIO) > 0.5


def test_the_best_epoch_by_the_score_on_other_products_is_kept():
    model, training = examples()
    _, validation = examples(1, seed=1)
    history = fit(model, replace(RECIPE, epochs=4), training, validation)
    assert len(history.score) == 4
    kept = (found_rank(model, validation, Modality.TEXT) + found_rank(model, validation, Modality.AUDIO)) / 2
    assert kept == pytest.approx(max(history.score), abs=1e-3)


def found_rank(model: Model, some: Examples, asked: Modality) -> float:
    """The mean reciprocal rank of the pictures, by a sort; each title stands once."""
    vectors = embed_examples(ContrastiveLearner(model.encoders.values()), some)
    scores = vectors[asked] @ vectors[Modality.IMAGE].T
    ranks = 1 + (scores > scores.diagonal()[:, None]).sum(dim=1)
    return (1 / ranks).mean().item()


def test_the_same_seed_gives_the_same_model():
    def trained(seed: int) -> torch.Tensor:
        model, training = examples()
        fit(model, replace(RECIPE, epochs=1, seed=seed), training, training)
        return model.embed(Modality.TEXT, ["red bag"])

    assert torch.equal(trained(0), trained(0))
    assert not torch.equal(trained(0), trained(1))


@pytest.mark.parametrize("n", [2, 5, 8, 9, 10])
def test_a_shop_smaller_than_a_batch_is_trained_as_one_batch(n):
    model, training = examples()
    before = model.encoders["image"].project.weight.clone()
    history = fit(model, replace(RECIPE, epochs=1), first(training, n), training)
    assert len(history.loss) == 1 and 0 < history.loss[0] < 20
    assert not torch.equal(model.encoders["image"].project.weight, before)


def test_every_product_is_seen_in_an_epoch_but_those_that_fill_no_batch(monkeypatch):
    model, training = examples()  # 18 products
    numbered = replace(training, groups=torch.arange(18))
    batches: list[list[int]] = []
    loss = ContrastiveLearner.loss

    def spy(self, inputs, groups):
        batches.append(groups.tolist())
        return loss(self, inputs, groups)

    monkeypatch.setattr(ContrastiveLearner, "loss", spy)
    fit(model, replace(RECIPE, epochs=2, batch_size=8), numbered, training)
    assert [len(set(batch)) for batch in batches] == [8] * 4
    assert not set(batches[0]) & set(batches[1])
    assert batches[:2] != batches[2:], "each epoch has an order of its own"


@pytest.mark.parametrize(("n", "m"), [(0, 5), (1, 5), (5, 0)])
def test_too_few_products_are_refused_and_counted(n, m):
    model, training = examples()
    with pytest.raises(SpaceError, match=f"train on: {n}; to validate on: {m}") as raised:
        fit(model, RECIPE, first(training, n), first(training, m))
    assert "2 or more" in raised.value.accepted


def test_equal_titles_are_one_group_and_other_groups_can_be_given():
    texts = [("Red bag", "a bag"), ("blue shoe",), ("red BAG",)]
    _, images, sounds = products(1)
    model = RECIPE.new_model(RECIPE.vocabulary(texts))
    assert Examples.of(model, texts, images[:3], sounds[:3]).groups.tolist() == [0, 1, 0]
    given = Examples.of(model, texts, images[:3], sounds[:3], groups=["x", "y", "y"])
    assert given.groups.tolist() == [0, 1, 1]
    assert len(given) == 3


def test_products_of_one_group_are_right_answers_for_one_another():
    """Two products in one group: whichever picture comes first, the score is 1."""
    model, training = examples(1)
    pair = first(training, 2)
    together = replace(pair, groups=torch.zeros(2, dtype=torch.int64))
    history = fit(model, replace(RECIPE, epochs=2), training, together)
    assert history.score == [1.0, 1.0]


def test_a_new_model_has_the_sizes_and_the_words_of_its_recipe():
    recipe = replace(RECIPE, minimum_count=2, dropout=0.25)
    state = torch.get_rng_state()
    model = recipe.new_model(recipe.vocabulary([("red bag", "a bag"), ("red hat",)]))
    assert torch.equal(torch.get_rng_state(), state), "whoever draws next is not disturbed"
    assert set(model.encoders["text"].vocabulary.words) == {"red", "bag"}
    assert {encoder.settings()["dropout"] for encoder in model.encoders.values()} == {0.25}
    assert tuple(model.encoders["image"].size) == (16, 16)


@pytest.mark.parametrize(
    ("titles", "lost", "heard"),
    [
        (1.0, 0.0, {"red bag"}),
        (0.0, 0.0, {"a bag in red", "bags"}),
        (1.0, 1.0, {"red bag"}),  # never a text without words
        (1.0, 0.5, {"red bag", "red", "bag"}),
    ],
)
def test_what_a_product_is_called_in_training(monkeypatch, titles, lost, heard):
    model, training = examples(1)
    told = replace(training, texts=[("red bag", "a bag in red", "bags")] * len(training))
    said: set[str] = set()
    prepare = model.encoders["text"].prepare
    monkeypatch.setattr(
        model.encoders["text"], "prepare", lambda texts: (said.update(texts), prepare(texts))[1]
    )
    # What it is scored by is never retold, and is left out of what was said.
    alike = dict.fromkeys((Modality.TEXT, Modality.IMAGE, Modality.AUDIO), torch.zeros(len(told), 256))
    monkeypatch.setattr("crossmodal_edu.recipes.embed_examples", lambda *_: alike)
    fit(model, replace(RECIPE, epochs=3, titles=titles, lost_words=lost), told, told)
    assert said == heard


ASKED = replace(
    RECIPE,
    image={"stem": 6, "strides": (2, 2), "maximum": True},
    pairs=True,
    text={"residual": True},
    views={"blank": 0.2},
    sound_every=2,
    asked=(0.1, 0.15),
    lowest_temperature=1 / 60,
    averaged=0.5,
)


def labelled(some: Examples) -> Examples:
    """Numbers of the colour and of the type."""
    words = [text[0].split() for text in some.texts]
    colours, types = list(COLOURS), list(TYPES)
    return replace(some, labels=torch.tensor([[colours.index(c), types.index(t)] for c, t in words]))


def asked_for(copies: int = 2) -> tuple[Model, Examples]:
    texts, images, sounds = products(copies)
    model = ASKED.new_model(ASKED.vocabulary(texts))
    return model, labelled(Examples.of(model, texts, images, sounds))


def test_it_learns_with_words_and_labels_asked_of_the_picture_and_forgets_the_questions():
    model, training = asked_for(4)
    before = {side: set(encoder.state_dict()) for side, encoder in model.encoders.items()}
    fit(model, replace(ASKED, epochs=25), training, training)
    assert {side: set(encoder.state_dict()) for side, encoder in model.encoders.items()} == before
    assert found(model, training, Modality.TEXT) > 0.5
    assert found(model, training, Modality.AUDIO) > 0.5


def test_the_loss_is_that_of_the_pairs_and_of_the_questions(monkeypatch):
    """Written out: the words of the title by binary cross-entropy, each label by cross-entropy."""
    model, training = asked_for(1)
    learner = _Learner(model, ASKED, training.labels).eval()
    assert [head.out_features for head in learner.labels] == [3, 3]
    text = learner.encoders["text"]
    inputs = {Modality.TEXT: text.prepare([t[0] for t in training.texts]), Modality.IMAGE: training.pixels}
    words = (torch.rand(9, learner.words.out_features) < 0.5).float()
    seen = learner.encoders["image"].seen(training.pixels)
    chance = learner.words(seen).sigmoid()
    told = -(words * chance.log() + (1 - words) * (1 - chance).log()).sum() / 9
    kinds = sum(
        -head(seen).log_softmax(dim=1)[torch.arange(9), right].mean()
        for head, right in zip(learner.labels, training.labels.T, strict=True)
    )
    pairs = ContrastiveLearner.loss(learner, inputs, training.groups)
    expected = pairs + 0.1 * told + 0.15 * kinds
    torch.testing.assert_close(learner.loss(inputs, training.groups, words, training.labels), expected)
    torch.testing.assert_close(learner.loss(inputs, training.groups), pairs)


def test_titles_and_pictures_count_beside_all_pairs_when_there_is_sound():
    model, training = asked_for(1)
    learner = _Learner(model, replace(ASKED, asked=(0.0, 0.0)), training.labels).eval()
    inputs = {
        Modality.TEXT: learner.encoders["text"].prepare([t[0] for t in training.texts]),
        Modality.IMAGE: training.pixels,
        Modality.AUDIO: stack_spectrograms([sound.float() for sound in training.sounds]),
    }
    two = {side: inputs[side] for side in (Modality.TEXT, Modality.IMAGE)}
    answers = torch.zeros(9, learner.words.out_features), training.labels
    expected = ContrastiveLearner.loss(learner, two) + ContrastiveLearner.loss(learner, inputs)
    torch.testing.assert_close(learner.loss(inputs, None, *answers), expected)


def test_what_the_pictures_are_asked_and_what_is_heard_in_each_batch(monkeypatch):
    model, training = asked_for()
    batches: list[tuple] = []
    loss = _Learner.loss
    monkeypatch.setattr(_Learner, "loss", lambda self, *b: (batches.append(b), loss(self, *b))[1])
    fit(model, replace(ASKED, epochs=2), training, training)
    assert [Modality.AUDIO in inputs for inputs, *_ in batches] == [True, False, True, False]
    known = ["", "", *model.encoders["text"].vocabulary.words]
    titles = {
        (colours, types): f"{colour} {kind}"
        for colours, colour in enumerate(COLOURS)
        for types, kind in enumerate(TYPES)
    }
    for _, _, words, labels in batches:
        for row, label in zip(words, labels.tolist(), strict=True):
            colour, kind = titles[tuple(label)].split()
            said = {known[number] for number in row.nonzero().flatten().tolist()}
            assert said == {colour, kind, f"{colour}_{kind}"}


def test_words_can_be_asked_without_labels_and_nothing_need_be_heard():
    model, training = asked_for()
    heard = model.encoders["audio"].project.weight.clone()
    recipe = replace(ASKED, epochs=1, sound_every=0, averaged=0.0)
    fit(model, recipe, replace(training, labels=None), training)
    torch.testing.assert_close(model.encoders["audio"].project.weight, heard, atol=0.02, rtol=0)


def test_a_temperature_does_not_sink_below_its_bound():
    model, training = asked_for(1)
    learner = _Learner(model, ASKED, training.labels)
    with torch.no_grad():
        learner.log_temperature.fill_(-9.0)
    assert learner.temperature.item() == pytest.approx(1 / 60)
    assert ContrastiveLearner([]).lowest == 0.01


def test_labels_are_numbered_one_column_at_a_time():
    texts, images, sounds = products(1)
    model = RECIPE.new_model(RECIPE.vocabulary(texts))
    given = [["red", "bag"], ["blue", "bag"], [None, "bag"]]
    some = Examples.of(model, texts[:3], images[:3], sounds[:3], labels=given)
    assert some.labels.tolist() == [[0, 0], [1, 0], [2, 0]]
    assert Examples.of(model, texts[:3], images[:3], sounds[:3]).labels is None


@pytest.mark.parametrize("asked", [False, True])
def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(tmp_path, monkeypatch, asked):
    recipe = replace(ASKED if asked else RECIPE, epochs=4, dropout=0.2)

    def trained(checkpoint) -> torch.Tensor:
        model, training = asked_for() if asked else examples()
        fit(model, recipe, training, training, checkpoint=checkpoint)
        return model.embed(Modality.TEXT, ["red bag", "blue hat"])

    whole = trained(None)
    calls, loss = [], _Learner.loss

    def killed(self, *batch):
        calls.append(1)
        if len(calls) == 6:  # in the third epoch of two batches each
            raise KeyboardInterrupt
        return loss(self, *batch)

    monkeypatch.setattr(_Learner, "loss", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "kept.pt")
    assert (tmp_path / "kept.pt").exists()
    torch.testing.assert_close(trained(tmp_path / "kept.pt"), whole)
    assert len(calls) == 6 + 4, "two epochs were not trained again"
