"""Every figure of the package is drawn whatever its words are: signs of formulas, other scripts, none."""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from crossmodal_edu.classroom import figures
from crossmodal_edu.classroom.figures import (
    adversarial,
    attention,
    autoencoders,
    concepts,
    contrastive,
    convolution,
    correlation,
    evaluation,
    glove,
    mfcc,
    pipeline,
    sentences,
    word2vec,
)
from crossmodal_edu.evaluation.diagnostics import PairCosines
from crossmodal_edu.evaluation.intervals import Estimate
from crossmodal_edu.modality import Modality
from crossmodal_edu.products import Product
from crossmodal_edu.results import Hit
from crossmodal_edu.text.wordvectors import Neighbour

RNG = np.random.default_rng(0)
PICTURE = Image.new("RGB", (12, 12), "red")
POINTS = RNG.normal(size=(3, 2))
FORMS = {"text": "", "image": PICTURE}
LINE = np.linspace(0.1, 0.9, 5)
SOUND = RNG.normal(size=4_000)
HALF = Estimate(0.5, 0.4, 0.6, 9)
PAIRS = PairCosines(matching=np.array([0.5, 0.9]), random=np.array([-0.1, 0.2, 0.3]))
SPACES = {"data": "shop", "query": "text", "gallery": "image", "measure": "R@10", "value": 0.5}
DIFFERENCE = {"difference": 0.1, "difference_low": 0.0, "difference_high": 0.2}
SPEAKERS = {"accuracy": [0.8, 0.9], "low": [0.7, 0.8], "high": [0.9, 1.0]}

# One call a figure; ``w`` is the word that comes from somewhere else.
FIGURES = {
    attention.attention_maps: lambda w: ([w, "bag"], {w: np.eye(2)}, w),
    attention.lines_over_width: lambda w: ([1, 2], {w: [0.1, 0.2]}, w, w),
    attention.guessed_words: lambda w: ({w: {w: 0.5, "bag": 0.2}}, w),
    attention.sense_maps: lambda w: ({w: POINTS}, [w, w, "bag"], w),
    glove.weight_over_counts: lambda w: (10 * LINE, LINE, w),
    glove.fitting: lambda w: ([2.0, 1.0], LINE, LINE, w),
    glove.method_bars: lambda w: ({w: pd.DataFrame({"method": [w, "bag"], "value": [0.5, 0.2]})}, 1, w),
    convolution.picture_as_numbers: lambda w: (PICTURE, (1, 1), 4, w),
    convolution.sliding_stencil: lambda w: (np.eye(4), np.eye(3), np.eye(2), (0, 0), w),
    convolution.filter_responses: lambda w: (PICTURE, {w: np.eye(4)}, {w: np.eye(3)}, w),
    convolution.shift_curves: lambda w: ({w: {0.0: HALF, 1.0: HALF}}, w, w, w),
    convolution.confused_pairs: lambda w: (
        np.zeros((3, 4, 4), dtype=np.uint8), np.array([0, 0, 1]), np.eye(2)[[0, 1, 1]], POINTS, [w, "bag"], 5,
        w,
    ),
    convolution.method_intervals: lambda w: ({w: {w: HALF}, "bag": {w: HALF}}, w, w),
    pipeline.ranking_figure: lambda w: (
        [(w or [], [Hit(1, Product("1", title=w), 0.5, Modality.TEXT, 0.5)])], (), w,
    ),
    sentences.word_weights: lambda w: ([w, "bag"], {w: np.array([0.5, 0.5])}, w),
    sentences.gate_heatmap: lambda w: ([w, "bag"], RNG.uniform(size=(2, 6)), w),
    sentences.found_products: lambda w: (w, {w: [Product("1", title=w, image=b"damaged")]}, (), w),
    sentences.interval_dots: lambda w: ({w: {w: HALF}}, {w: w}, {w: 0.1}, w, w),
    mfcc.waveform_zoom: lambda w: (SOUND, 16_000, 0.05, 400, 160, w),
    mfcc.frame_spectra: lambda w: (SOUND[:400], np.hanning(400), 16_000, w),
    mfcc.sound_pictures: lambda w: ({w: mfcc.Picture(np.eye(4), w, 0.0, 8.0)}, 1.0, w),
    mfcc.mel_bands: lambda w: (8, 400, 16_000, w),
    mfcc.envelopes: lambda w: ({w: (RNG.normal(size=201), LINE)}, 1000 * LINE, 16_000, w),
    mfcc.speaker_dots: lambda w: (pd.DataFrame({"speaker": [w, w], "kind": ["cnn", "gru"], **SPEAKERS}), w),
    concepts.embedding_stripes: lambda w: (FORMS | {"text": w}, {w: {"text": LINE, "image": LINE}}, w),
    concepts.cosine_histograms: lambda w: ({w: PAIRS}, w),
    concepts.modality_clouds: lambda w: ({w: {"text": POINTS, "image": POINTS}}, w),
    concepts.space_map: lambda w: ({"text": POINTS, "image": POINTS}, [w, w, "bag"], {0: PICTURE}, w),
    concepts.agreement_dots: lambda w: ({"text": {w: 0.5}}, {w: 0.2}, w),
    contrastive.batch_table: lambda w: ([Product("1", title=w), Product("2")], {w: np.eye(2)}, w),
    contrastive.bound_curves: lambda w: ([1.0, 2.0], {8: [0.9, 1.5]}, w),
    contrastive.interval_curves: lambda w: ({w: {0.1: HALF, 1.0: HALF}}, w, w, 0.1, True, w),
    contrastive.epoch_lines: lambda w: ({w: [0.3, 0.2], "bag": [0.3, 0.1]}, w, (w, 0.2), w),
    contrastive.training_path: lambda w: ({w: POINTS[:, :2]}, {0: w}, w),
    contrastive.difference_dots: lambda w: ({w: {w: HALF, "bag": HALF}}, w, (w, w), w),
    contrastive.ablation_dots: lambda w: (
        pd.DataFrame([{**SPACES, **DIFFERENCE, "trained": name} for name in ("all", w, "bag")]), "R@10", w,
    ),
    evaluation.named_lines: lambda w: (
        {w: {1: HALF, 2: HALF}, "bag": {1: 0.1, 2: 0.3}}, (w, w), (w, 0.2), False, None, w,
    ),
    contrastive.space_table: lambda w: (
        pd.DataFrame([{**SPACES, "space": w, "low": 0.4, "high": 0.6}]), "shop", "R@10", 0.1, None, None, w,
    ),
    correlation.clouds: lambda w: ({w: (POINTS, POINTS)}, [w, "b", "c"], w, 2, (w, "pictures")),
    correlation.damping_curves: lambda w: ([0, 1], {w: [0.5, 0.2]}, 1, w, w),
    correlation.hub_curves: lambda w: ({w: np.array([0, 3, 1])}, 10, w),
    correlation.photo_rows: lambda w: ({w: [(Product("1", title=w, image=b"damaged"), True)]}, w),
    autoencoders.narrow_doors: lambda w: (w,),
    autoencoders.rebuilt_pictures: lambda w: ({w: RNG.uniform(size=(2, 4, 4, 3))}, w),
    autoencoders.labelled_curves: lambda w: ({w: ([1, 2], [0.3, 0.2])}, w, w, w),
    autoencoders.trade_off: lambda w: ({w: {w: (0.5, 0.2), "b": (0.6, 0.3)}}, 0.1, w),
    adversarial.filmstrip: lambda w: (LINE, {w: adversarial.Frame(LINE, LINE, LINE, LINE)}, w),
    adversarial.rings: lambda w: ({w: POINTS}, POINTS, w),
    adversarial.seed_dots: lambda w: ({w: {w: [0.1, 0.2]}}, {w: 1.0}, w),
    adversarial.contest_curves: lambda w: ({w: {w: [0.5, 0.4]}}, {w: (0.5, w)}, w),
    adversarial.wanderings: lambda w: ({w: POINTS}, w),
    word2vec.word_map: lambda w: ({w: POINTS}, [w, "a", "b"], {w: w, "a": "kind", "b": "kind"}, None, w),
    word2vec.loss_curves: lambda w: ({w: np.array([[2.0, 1.0], [1.0, 0.5]])}, w),
    word2vec.similarity_scatter: lambda w: ([0.1, 0.2], [1.0, 2.0], [w, "a, b"], [w], w),
    word2vec.neighbour_lists: lambda w: ({w: {w: [Neighbour(w, 0.5)]}}, w),
    word2vec.size_curves: lambda w: ([100, 200], {w: [0.1, 0.2]}, w, w),
}  # fmt: skip


def test_no_figure_is_left_out():
    modules = (
        importlib.import_module(f"{figures.__name__}.{m.name}")
        for m in pkgutil.iter_modules(figures.__path__)
    )
    public = {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
        and function.__annotations__.get("return") in ("Figure", Figure)
    }  # fmt: skip
    assert {function.__name__ for function in public} - {"canvas"} == {f.__name__ for f in FIGURES}


@pytest.mark.parametrize("word", ["$x_{$", r"\frac{^_$$", "红", "\U00100001", ""])
@pytest.mark.parametrize("function", FIGURES, ids=lambda function: function.__name__)
def test_a_figure_is_drawn_whatever_its_words_are(function, word, recwarn):
    figure = function(*FIGURES[function](word))
    figure.savefig(io.BytesIO(), format="png")
    written = [text for text in figure.findobj(Text) if word and word in text.get_text()]
    assert written or not word
    assert not any(text.get_parse_math() for text in written)
    assert not [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)]
