"""Pictures and sounds out of files that may be damaged: what Pillow and FFmpeg make of them.

Both libraries raise almost anything on a damaged file. Here that becomes ``None``, nothing, or a
:class:`ValueError` with a reason; :mod:`crossmodal_edu.modality` says it to the reader.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from io import BufferedIOBase
from itertools import groupby

import av
import numpy as np
import soxr
from jaxtyping import Float
from PIL import Image, ImageOps

from crossmodal_edu.errors import first_line

# AVIF comes last, since a Pillow built without it stops there.
_PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO", "AVIF")
# FFmpeg knows some 350 formats, among them text files, playlists that name other files, and
# addresses on the network. These are the ones that people's recordings come in.
_CONTAINERS = "wav,w64,flac,ogg,mp3,mov,matroska,avi,aac,aiff,au,caf,amr,asf,mpeg,mpegts,flv"
_MEDIA_ERRORS = (av.FFmpegError, ValueError, OSError, EOFError, MemoryError)
_MAX_DAMAGED_PACKETS = 200
# Without a handler of its own, Python prints what Pillow remarks on damaged metadata.
logging.getLogger("PIL").addHandler(logging.NullHandler())


def picture_in(file: BufferedIOBase) -> Image.Image | None:
    """The picture in a file, its pixels not yet decoded; None, and the file rewound, if there is none.

    Raises
    ------
    PIL.Image.DecompressionBombError
        If its size is beyond even Pillow's limit.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            return Image.open(file, formats=_PICTURE_FORMATS)
    except Image.DecompressionBombError:
        raise
    except Exception:
        file.seek(0)
        return None


def to_rgb(picture: Image.Image) -> Image.Image:
    """Decode a picture: upright, 8-bit RGB, on white.

    Raises
    ------
    ValueError
        If it cannot be decoded; the text is the reason.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            with _no_stderr() if picture.format == "TIFF" else contextlib.nullcontext():
                picture.load()
            # A picture with a damaged note about its orientation is still a picture.
            with contextlib.suppress(Exception):
                picture = ImageOps.exif_transpose(picture)
            if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
                picture = _to_eight_bits(picture)
            if not picture.has_transparency_data:
                return picture.convert("RGB")
            picture = picture.convert("RGBA")
            white = Image.new("RGB", picture.size, "white")
            white.paste(picture, mask=picture.getchannel("A"))
            return white
    except Exception as error:
        raise ValueError(first_line(error)) from None


@contextlib.contextmanager
def _no_stderr() -> Iterator[None]:
    """Keep what libtiff prints about a damaged file off the terminal; it offers no other way."""
    try:
        terminal = os.dup(2)
    except OSError:  # a program without a terminal has no such stream
        yield
        return
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or of floats, scaled to 0–255; Pillow itself would clip at 255.

    White is 65,535 in a 16-bit picture. In the others it is the first of 1 (floats only), 255
    and 65,535 that the brightest pixel does not exceed.
    """
    grey = np.array(picture, dtype=np.float32)
    np.nan_to_num(grey, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    np.maximum(grey, 0, out=grey)
    whites = {"F": (1, 255, 65_535), "I": (255, 65_535)}.get(picture.mode, (65_535,))
    brightest = float(grey.max())
    grey *= 255 / next((white for white in whites if brightest <= white), brightest)
    return Image.fromarray(np.round(grey, out=grey).astype(np.uint8))


def is_video(file: BufferedIOBase) -> bool:
    """Whether a file holds moving pictures; the cover of a song does not move."""
    try:
        with _container(file) as container:
            return any(
                stream.codec_context is not None and stream.codec_context.width > 0
                for stream in container.streams.video
                if not stream.disposition & av.stream.Disposition.attached_pic
            )
    except _MEDIA_ERRORS:
        return False


def is_sound(file: BufferedIOBase) -> bool:
    """Whether anything can be heard in a file.

    MP3 and AAC have no mark at their start, and FFmpeg finds them in any noise; so it must decode.
    """
    return next(decode_sound(file, seconds=0.01), None) is not None


def decode_sound(file: BufferedIOBase, seconds: float) -> Iterator[tuple[int, Float[np.ndarray, "samples"]]]:
    """The sound of a file as pieces (sample rate, mono samples), at most ``seconds`` long.

    Damaged packets are passed over, a few hundred at most; nothing comes if there is no sound.
    """
    damaged = 0
    try:
        with _container(file) as container:
            if not container.streams.audio:
                return
            for packet in container.demux(container.streams.audio[0]):
                try:
                    frames = [(frame.sample_rate, _mono(frame)) for frame in packet.decode() if frame.samples]
                except _MEDIA_ERRORS:
                    damaged += 1
                    if damaged > _MAX_DAMAGED_PACKETS:
                        return
                    continue
                for rate, samples in frames:
                    yield rate, samples[: max(1, round(seconds * rate))]
                    seconds -= len(samples) / max(rate, 1)
                    if seconds <= 0:
                        return
    except _MEDIA_ERRORS:
        return


def _mono(frame: av.AudioFrame) -> Float[np.ndarray, "samples"]:
    """Average the channels; planar frames are (channels, samples), packed ones (1, samples·channels)."""
    samples = frame.to_ndarray()
    channels = samples if frame.format.is_planar else samples.reshape(frame.samples, -1).T
    return full_scale(channels).mean(axis=0)


def full_scale(samples: np.ndarray) -> np.ndarray:
    """Integers to [-1, 1); unsigned bytes have their zero at 128."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float64) - 128) / 128
    if samples.dtype.kind == "i":
        return samples / (np.iinfo(samples.dtype).max + 1.0)
    with np.errstate(invalid="ignore"):  # a damaged file may hold NaN, which is found later
        return samples.astype(np.float64)


def resample(
    pieces: list[tuple[int, Float[np.ndarray, "_"]]], sample_rate: int
) -> Float[np.ndarray, "samples"]:
    """Join pieces of sound at one sample rate; within a stream the rate may change."""
    waves = []
    for rate, run in groupby(pieces, key=lambda piece: piece[0]):
        wave = np.concatenate([samples for _, samples in run])
        waves.append(
            wave if rate == sample_rate or wave.size == 0 else soxr.resample(wave, rate, sample_rate)
        )
    return np.concatenate(waves)


def _container(file: BufferedIOBase) -> av.container.InputContainer:
    # A file object instead of a name: FFmpeg would take some names for network addresses.
    file.seek(0)
    return av.open(file, mode="r", metadata_errors="replace", options={"format_whitelist": _CONTAINERS})
