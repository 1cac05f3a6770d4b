"""Figures of counts: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.glove import METHOD_COLOURS, fitting, method_bars, weight_over_counts
from crossmodal_edu.text.glove import glove_weight


def _words(figure: Figure) -> set[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return {text.get_text() for axis in figure.axes for text in axis.texts}


@pytest.fixture
def counts(rng) -> np.ndarray:
    return np.r_[rng.zipf(1.7, size=3_000) / 5.0, 500.0]


def test_cells_and_weights_both_add_up_to_100_per_cent(counts):
    figure = weight_over_counts(counts, glove_weight(counts), title="Rare cells whisper")
    assert {"the cells", "their weight", "f(x)"} <= _words(figure)
    assert figure.get_suptitle() == "Rare cells whisper"
    filled = [bar.get_height() for bar in figure.axes[0].patches if hasattr(bar, "get_height")]
    assert sum(filled) == pytest.approx(200)


def test_the_curve_is_the_weight_itself(counts):
    (line,) = weight_over_counts(counts, glove_weight(counts)).axes[1].lines
    assert np.allclose(line.get_ydata(), glove_weight(line.get_xdata()))
    assert line.get_xdata().max() == counts.max()


def test_a_training_shows_each_epoch_and_every_cell(rng):
    logs = rng.normal(size=500)
    figure = fitting([0.4, 0.2, 0.1], logs, logs + 0.1, title="Learned")
    assert {"0.4000", "0.1000", "exact"} <= _words(figure)
    left, right = figure.axes
    assert left.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert left.lines[0].get_ydata().tolist() == [0.4, 0.2, 0.1]
    drawn = np.expm1(np.asarray(right.collections[0].get_array())).sum()
    assert drawn == pytest.approx(500)


def test_cells_far_off_the_diagonal_are_drawn_at_the_edge():
    logs = np.linspace(0, 5, 100)
    figure = fitting([1.0], logs, np.full(100, 99.0))
    drawn = np.expm1(np.asarray(figure.axes[1].collections[0].get_array()))
    assert drawn.sum() == pytest.approx(100)
    assert drawn.reshape(69, 69)[-1].sum() == pytest.approx(100)


def _frame(**values: list[float]) -> pd.DataFrame:
    return pd.DataFrame([(name, value) for name, many in values.items() for value in many]).set_axis(
        ["method", "value"], axis=1
    )


def test_bars_are_means_and_lines_run_from_lowest_to_highest():
    frame = _frame(Word2Vec=[0.3, 0.5], GloVe=[0.1, 0.2])
    figure = method_bars({"WordSim": frame, "SimLex": frame, "kinds": frame}, title="Side by side")
    assert {"0.40", "0.15"} <= _words(figure)
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title(loc="left") for axis in shown] == ["WordSim", "SimLex", "kinds"]
    assert [bar.get_width() for bar in shown[0].patches] == pytest.approx([0.4, 0.15])
    segments = shown[0].collections[0].get_segments()
    assert np.allclose([segment[:, 0] for segment in segments], [(0.3, 0.5), (0.1, 0.2)])
    assert [label.get_text() for label in shown[0].get_yticklabels()] == ["Word2Vec", "GloVe"]
    colours = [to_hex(bar.get_facecolor()).upper() for bar in shown[0].patches]
    assert colours == [METHOD_COLOURS["Word2Vec"], METHOD_COLOURS["GloVe"]]


def test_a_negative_score_stays_inside_the_panel():
    (axis,) = method_bars({"WordSim": _frame(GloVe=[-0.2, -0.1], PPMI=[0.5])}, columns=1).axes
    assert axis.get_xlim()[0] < -0.2 and axis.get_xlim()[1] > 0.5
