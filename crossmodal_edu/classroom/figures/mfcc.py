"""Pictures of sound: waveforms, spectra, mel bands, spectrograms, and who is understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from crossmodal_edu.audio.spectrum import hz_to_mel, mel_filter_bank
from crossmodal_edu.classroom.figures.canvas import INK, canvas

_BLUE, _ORANGE, _GREEN, _QUIET = "#0072B2", "#D55E00", "#009E73", "#8A8A8A"


def waveform_zoom(
    waveform: Float[np.ndarray, "samples"],
    sample_rate: int,
    start: float,
    n_fft: int,
    hop_length: int,
    title: str = "",
) -> Figure:
    """A sound as a whole, and a few hundredths of a second of it with its overlapping frames.

    Parameters
    ----------
    waveform : (samples,)
    sample_rate : int
    start : float
        Where the second panel begins, in seconds; it shows four frames.
    n_fft, hop_length : int
        Length of a frame and step to the next, in samples.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 08.
    """
    figure, (whole, part) = _panels(2, 3.9, title)
    seconds = np.arange(len(waveform)) / sample_rate
    first = round(start * sample_rate)
    last = first + 3 * hop_length + n_fft
    whole.plot(seconds, waveform, color=_GREEN, linewidth=0.4)
    whole.axvspan(seconds[first], last / sample_rate, color=_ORANGE, alpha=0.35, linewidth=0)
    whole.set_xlabel("seconds", fontsize=9)
    near = slice(first, last)
    part.plot(1000 * seconds[near], waveform[near], color=_GREEN, linewidth=1)
    top = 1.15 * np.abs(waveform[near]).max()
    for i in range(4):
        begin = 1000 * (first + i * hop_length) / sample_rate
        end = begin + 1000 * n_fft / sample_rate
        part.plot([begin, end], [top * (1 + 0.22 * i)] * 2, color=_ORANGE, linewidth=3, solid_capstyle="butt")
        part.text(
            begin + 0.4, top * (1.05 + 0.22 * i), f"frame {i + 1}", fontsize=9, color=_ORANGE, va="bottom"
        )
    part.set_ylim(-top, top * 1.95)
    part.set_yticks([-0.5, 0, 0.5])
    part.set_xlabel("milliseconds", fontsize=9)
    for axis in (whole, part):
        axis.set_ylabel("pressure", fontsize=9)
        axis.margins(x=0)
    return figure


def frame_spectra(
    frame: Float[np.ndarray, "n"], window: Float[np.ndarray, "n"], sample_rate: int, title: str = ""
) -> Figure:
    """One frame with and without a window, and the power of its frequencies in decibels.

    Parameters
    ----------
    frame, window : (n,)
    sample_rate : int
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 08.
    """
    figure, (left, right) = _panels(2, 2.9, title, beside=True)
    frequencies = np.fft.rfftfreq(len(frame), 1 / sample_rate) / 1000
    time = 1000 * np.arange(len(frame)) / sample_rate
    for name, samples, colour in (("as cut", frame, _ORANGE), ("windowed", frame * window, _BLUE)):
        left.plot(time, samples, color=colour, linewidth=1)
        power = 10 * np.log10(np.abs(np.fft.rfft(samples)) ** 2 + 1e-12)
        right.plot(frequencies, power, color=colour, linewidth=1)
        right.text(
            frequencies[-1],
            power[-len(power) // 8 :].mean(),
            f" {name}",
            color=colour,
            fontsize=9.5,
            va="center",
        )
    left.plot(time, window * np.abs(frame).max(), color=_QUIET, linewidth=1, linestyle=":")
    left.set_xlabel("milliseconds", fontsize=9)
    left.set_ylabel("pressure", fontsize=9)
    right.set_xlabel("kHz", fontsize=9)
    right.set_ylabel("power, dB", fontsize=9)
    for axis in (left, right):
        axis.margins(x=0)
    right.set_xlim(0, frequencies[-1] * 1.2)
    return figure


@dataclass(frozen=True, eq=False)
class Picture:
    """Rows over time, and what the rows are.

    Parameters
    ----------
    values : (rows, frames)
    rows : str
        What stands upwards, such as "kHz".
    lowest, highest : float
        Of the first and the last row, in those units.
    around_zero : bool
        Positive and negative values in two colours, strong ones alike.
    """

    values: Float[np.ndarray, "rows frames"]
    rows: str
    lowest: float
    highest: float
    around_zero: bool = False


def sound_pictures(panels: Mapping[str, Picture], seconds: float, title: str = "") -> Figure:
    """Spectrograms and what is made of them, one above the other over the same time.

    Parameters
    ----------
    panels : mapping of heading to Picture
    seconds : float
        How long the sound is.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 08.
    """
    figure, axes = _panels(len(panels), 0.6 + 1.75 * len(panels), title, sharex=True)
    for axis, (heading, picture) in zip(axes, panels.items(), strict=True):
        half = (picture.highest - picture.lowest) / (len(picture.values) - 1) / 2  # of a row's height
        extent = (0, seconds, picture.lowest - half, picture.highest + half)
        colours = {"cmap": "magma"}
        if picture.around_zero:
            limit = np.quantile(np.abs(picture.values), 0.98) or 1.0
            colours = {"cmap": "PuOr_r", "vmin": -limit, "vmax": limit}
        axis.imshow(picture.values, origin="lower", aspect="auto", extent=extent, **colours)
        axis.set_ylabel(picture.rows, fontsize=9)
        axis.set_title(heading, fontsize=10, color=INK, loc="left")
        axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes[-1].set_xlabel("seconds", fontsize=9)
    return figure


def mel_bands(n_mels: int, n_fft: int, sample_rate: int, title: str = "") -> Figure:
    """Both mel scales as curves, and the triangles that each of them makes.

    Parameters
    ----------
    n_mels, n_fft, sample_rate
        As for :func:`~crossmodal_edu.audio.spectrum.mel_filter_bank`.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 08.
    """
    figure = canvas(3.3, title)
    axes = figure.subplot_mosaic([["curves", "HTK"], ["curves", "Slaney"]], width_ratios=[1, 1.2])
    curves = axes["curves"]
    hz = torch.linspace(0, sample_rate / 2, 401, dtype=torch.float64)
    for name, htk, norm, colour in (("HTK", True, None, _BLUE), ("Slaney", False, "slaney", _ORANGE)):
        mel = hz_to_mel(hz, htk)
        share = (mel / mel[-1]).numpy()
        curves.plot(hz / 1000, share, color=colour, linewidth=1.6)
        x, y, side = (3.6, -0.08, "left") if htk else (2.4, 0.04, "right")  # below one curve, above the other
        height = np.interp(x, hz / 1000, share) + y
        curves.text(x, height, name, color=colour, ha=side, fontsize=9.5)
        bank = mel_filter_bank(n_mels, n_fft, sample_rate, 0.0, None, htk, norm, torch.float64)
        frequencies = np.linspace(0, sample_rate / 2000, n_fft // 2 + 1)
        axes[name].plot(frequencies, bank.numpy().T, color=colour, linewidth=0.9)
        heights = "equal heights" if norm is None else "equal areas"
        axes[name].set_title(f"{name}: {heights}", fontsize=9.5, color=colour)
        axes[name].set_yticks([])
    curves.set_ylabel("share of the whole scale", fontsize=9)
    curves.set_xlabel("kHz", fontsize=9)
    axes["Slaney"].set_xlabel("kHz", fontsize=9)
    for axis in axes.values():
        _plain(axis)
    return figure


def envelopes(
    columns: Mapping[str, tuple[Float[np.ndarray, "frequencies"], Float[np.ndarray, "mels"]]],
    mel_frequencies: Float[np.ndarray, "mels"],
    sample_rate: int,
    title: str = "",
) -> Figure:
    """Spectra of single frames, and over each the curve that a few coefficients draw.

    Parameters
    ----------
    columns : mapping of heading to (spectrum, envelope)
        Decibels: all frequencies up to half the sample rate, and one value a mel band.
    mel_frequencies : (mels,)
        The middle of each band, in hertz.
    sample_rate : int
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 08.
    """
    figure, axes = _panels(len(columns), 2.9, title, beside=True, sharey=True)
    for axis, (heading, (spectrum, envelope)) in zip(axes, columns.items(), strict=True):
        frequencies = np.linspace(0, sample_rate / 2000, len(spectrum))
        axis.plot(frequencies, spectrum, color=_QUIET, linewidth=0.8)
        axis.plot(mel_frequencies / 1000, envelope, color=_ORANGE, linewidth=2.2)
        axis.set_title(heading, fontsize=10, color=INK)
        axis.set_xlabel("kHz", fontsize=9)
        axis.set_xlim(0, 4)
    axes[0].set_ylabel("dB", fontsize=9)
    return figure


def speaker_dots(table: pd.DataFrame, title: str = "") -> Figure:
    """How well each speaker is understood, by recognisers that heard the others only; beside all together.

    Parameters
    ----------
    table : DataFrame
        Columns ``speaker``, ``kind``, ``accuracy``, ``low``, ``high``; shares from 0 to 1. Rows of
        the figure stand in the order in which the speakers come.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 08.
    """
    names = list(dict.fromkeys(table["speaker"]))
    figure = canvas(0.42 * len(names) + 1.2, title)
    axis = figure.subplots()
    for step, (kind, colour, mark) in enumerate((("cnn", _BLUE, "o"), ("gru", _ORANGE, "s"))):
        mine = table[table["kind"] == kind]
        rows = [len(names) - 1 - names.index(name) + 0.14 - 0.28 * step for name in mine["speaker"]]
        shares, low, high = (100 * mine[column].to_numpy() for column in ("accuracy", "low", "high"))
        axis.hlines(rows, low, high, color=colour, linewidth=1.6)
        axis.scatter(shares, rows, color=colour, marker=mark, s=36, zorder=3)
        axis.text(low[0] - 0.7, rows[0], kind.upper(), color=colour, fontsize=9.5, ha="right", va="center")
    axis.set_yticks(range(len(names)), names[::-1], fontsize=10)
    axis.set_xlabel("digits recognised, %; the line is the 95 % interval", fontsize=9)
    axis.set_xlim(min(55.0, 100 * table["low"].min() - 3), 100.8)
    axis.tick_params(axis="y", length=0)
    _plain(axis)
    return figure


def _panels(
    count: int, height: float, title: str, beside: bool = False, **shared
) -> tuple[Figure, list[Axes]]:
    figure = canvas(height, title)
    rows, columns = (1, count) if beside else (count, 1)
    axes = list(figure.subplots(rows, columns, squeeze=False, **shared).flat)
    for axis in axes:
        _plain(axis)
    return figure, axes


def _plain(axis: Axes) -> None:
    axis.tick_params(labelsize=9)
    axis.spines[["top", "right"]].set_visible(False)
