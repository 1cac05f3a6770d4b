"""Figures of sound: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.mfcc import (
    Picture,
    envelopes,
    frame_spectra,
    mel_bands,
    sound_pictures,
    speaker_dots,
    waveform_zoom,
)


def _words(figure: Figure) -> set[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return {text.get_text().strip() for axis in figure.axes for text in axis.texts} | {
        title for axis in figure.axes for title in (axis.get_title(), axis.get_title(loc="left"))
    }


@pytest.fixture
def waveform() -> np.ndarray:
    return np.sin(np.arange(8_000) / 9).astype(np.float32)


def test_the_second_panel_shows_four_frames_of_the_first(waveform):
    figure = waveform_zoom(waveform, 16_000, start=0.1, n_fft=512, hop_length=160, title="t")
    whole, part = figure.axes
    assert len(whole.lines[0].get_ydata()) == 8_000
    np.testing.assert_array_equal(part.lines[0].get_ydata(), waveform[1_600 : 1_600 + 3 * 160 + 512])
    spans = [line.get_xdata() for line in part.lines[1:]]
    np.testing.assert_allclose(spans, [(100 + 10 * i, 132 + 10 * i) for i in range(4)])
    assert {"frame 1", "frame 4"} <= _words(figure)


def test_the_spectra_are_those_of_the_frame_with_and_without_its_window(waveform):
    frame, window = waveform[:256], np.hanning(257)[:-1]
    figure = frame_spectra(frame, window, 16_000)
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[1].get_ydata(), frame * window)
    plain, windowed = (line.get_ydata() for line in right.lines)
    np.testing.assert_allclose(10 ** (plain / 10), np.abs(np.fft.rfft(frame)) ** 2, rtol=1e-4, atol=1e-6)
    assert windowed[100] < plain[100] - 20
    assert right.lines[0].get_xdata()[-1] == 8.0
    assert {"as cut", "windowed"} <= _words(figure)


def test_pictures_stand_upright_over_the_same_time():
    values = np.arange(12.0).reshape(3, 4)
    panels = {"bands": Picture(values, "band", 1, 3), "both signs": Picture(values - 6, "number", 0, 2, True)}
    figure = sound_pictures(panels, seconds=0.5, title="t")
    for axis, panel in zip(figure.axes, panels.values(), strict=True):
        image = axis.images[0]
        np.testing.assert_array_equal(image.get_array(), panel.values)
        assert image.origin == "lower"
        assert image.get_extent() == [0, 0.5, panel.lowest - 0.5, panel.highest + 0.5]
        assert axis.get_ylabel() == panel.rows
    low, high = figure.axes[1].images[0].get_clim()
    assert low == -high
    assert {"bands", "both signs"} <= _words(figure)


def test_silence_can_be_drawn():
    _words(sound_pictures({"nothing": Picture(np.zeros((3, 4)), "number", 0, 2, True)}, seconds=1.0))


def test_both_scales_end_together_and_have_all_their_triangles():
    figure = mel_bands(8, 512, 16_000, title="t")
    curves, htk, slaney = figure.axes
    for line in curves.lines:
        assert line.get_ydata()[0] == 0 and line.get_ydata()[-1] == 1
    assert len(htk.lines) == len(slaney.lines) == 8
    heights = [line.get_ydata().max() for line in slaney.lines]
    assert heights[0] > 3 * heights[-1], "equal areas: the wide ones are low"
    assert max(line.get_ydata().max() for line in htk.lines) <= 1
    assert {"HTK", "Slaney", "HTK: equal heights", "Slaney: equal areas"} <= _words(figure)


def test_an_envelope_lies_over_its_spectrum():
    spectrum, envelope, bands = np.linspace(0, 1, 129), np.array([3.0, 4.0]), np.array([500.0, 2_000.0])
    figure = envelopes({"aah": (spectrum, envelope), "ooh": (spectrum, envelope)}, bands, 8_000, "t")
    assert len(figure.axes) == 2
    thin, thick = figure.axes[0].lines
    np.testing.assert_array_equal(thin.get_ydata(), spectrum)
    assert thin.get_xdata()[-1] == 4.0
    np.testing.assert_array_equal(thick.get_xdata(), [0.5, 2.0])
    assert {"aah", "ooh"} <= _words(figure)


def test_dots_stand_at_their_shares_with_their_intervals():
    rows = [("all", "cnn", 0.99), ("all", "gru", 0.98), ("theo", "cnn", 0.8), ("theo", "gru", 0.7)]
    table = pd.DataFrame([(*row, row[2] - 0.1, row[2] + 0.01) for row in rows])
    table.columns = ["speaker", "kind", "accuracy", "low", "high"]
    figure = speaker_dots(table, title="t")
    (axis,) = figure.axes
    cnn, gru = (group.get_offsets() for group in axis.collections if group.get_offsets().shape == (2, 2))
    assert cnn[:, 0].tolist() == [99, 80] and gru[:, 0].tolist() == [98, 70]
    assert cnn[0, 1] > cnn[1, 1], "the first name stands at the top"
    assert [label.get_text() for label in axis.get_yticklabels()] == ["theo", "all"]
    assert axis.get_xlim()[0] <= 55
    assert {"CNN", "GRU"} <= _words(figure)
