"""What was given: words, a picture, a sound or a video? Recognise it, and open it safely.

A name can lie (``photo.jpg`` may hold a song), so the content decides. Whatever cannot be
opened raises :class:`~crossmodal_edu.errors.InputError`, never a library's own exception,
and the work done on one input is bounded by a :class:`Limits`.
"""

from __future__ import annotations

import codecs
import io
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float
from PIL import Image

from crossmodal_edu.errors import InputError
from crossmodal_edu.media import decode_sound, full_scale, is_sound, is_video, picture_in, resample, to_rgb


class Modality(StrEnum):
    """The four kinds of input: a query or one side of a product.

    Examples
    --------
    >>> Modality("image") is Modality.IMAGE
    True
    """

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


SAMPLE_RATE = 16_000
"""Samples a second of every waveform in this package."""


@dataclass(frozen=True)
class Limits:
    """How much of one input is opened at most.

    ``pixels`` is width times height, ``bytes`` the size of the file, ``characters`` the
    length of a text; more than that is refused. A sound longer than ``seconds`` is cut.
    """

    pixels: int = 50_000_000
    seconds: float = 60.0
    bytes: int = 100_000_000
    characters: int = 10_000


LIMITS = Limits()
"""What is allowed unless something else is asked for."""

Query: TypeAlias = str | Path | bytes | Image.Image | np.ndarray | tuple[np.ndarray, int]
"""What :func:`recognise` takes; ``(samples, sample_rate)`` is a sound. Tensors count as arrays."""

_SAMPLE_RATES = range(1_000, 768_001)
_MOST_CHANNELS = 8

_ACCEPTED = {
    None: "words, a picture (JPEG, PNG, WebP …), a sound (WAV, MP3, M4A …) or a video (MP4, WebM …).",
    Modality.TEXT: "words: a string or a UTF-8 text file.",
    Modality.IMAGE: "a picture: JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF; a PIL image; an array of uint8.",
    Modality.AUDIO: "a sound: WAV, FLAC, OGG, MP3 or M4A; an array (samples,), or (array, sample_rate).",
}
_AS = {None: "", Modality.TEXT: " as text", Modality.IMAGE: " as a picture", Modality.AUDIO: " as sound"}

# The first bytes of files that are often given and turn out damaged, or cannot be searched with.
_ARRAYS = "Give a sound as (samples,) and a picture as (height, width, 3) of uint8, 0 to 255."
_LOOK = "Open it in another program to see what it is, and save it in one of these forms."
_SMALLER = "Make the picture smaller, or raise Limits.pixels."
_AGAIN = "If other programs do not open it either, it is damaged: copy or save it again."
_HEIC = rb"....ftyp(hei|hev|mif1|msf1)"
_DRAWING = rb"\s*(<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg"
_SIGNATURES = (
    (rb"\xff\xd8\xff", "a JPEG picture", _AGAIN),
    (rb"\x89PNG", "a PNG picture", _AGAIN),
    (rb"GIF8", "a GIF picture", _AGAIN),
    (rb"RIFF....WEBP", "a WebP picture", _AGAIN),
    (rb"RIFF....WAVE", "a WAV sound", _AGAIN),
    (rb"fLaC", "a FLAC sound", _AGAIN),
    (rb"OggS", "an OGG sound", _AGAIN),
    (rb"ID3", "an MP3 sound", _AGAIN),
    (_HEIC, "a HEIC photo", "Save or share it as JPEG."),
    (rb"....ftyp", "an MP4, M4A or MOV file", _AGAIN),
    (rb"%PDF", "a PDF document", "Save a page as a picture, or copy the words."),
    (rb"PK\x03\x04", "a ZIP archive or an office document", "Unpack it, or copy the words."),
    (rb"PAR1", "a Parquet table", "Tables are given as a catalogue, not as a query."),
    (rb"\xff\xfe|\xfe\xff", "a text in UTF-16", "Save it as UTF-8."),
    (_DRAWING, "an SVG drawing", "Export it as PNG."),
)


def recognise(query: Query | object, limits: Limits = LIMITS) -> Modality:
    """Whether a query is text, image, audio or video, judged by its content.

    A string is always words, whatever file may bear that name: what a stranger types into
    a search box opens nothing. A file is named by a ``Path``, and its content decides.

    Parameters
    ----------
    query : str, Path, bytes, PIL image, array, tensor or (array, int)
        ``bytes`` are the content of a file. An array of type ``uint8`` and shape (height,
        width[, 3 or 4]) is a picture. Other arrays are sounds: (samples,), or with up to
        eight channels (channels, samples) or (samples, channels).
    limits : Limits

    Returns
    -------
    Modality
        VIDEO for a file with moving pictures, whether or not it has a sound track. A sound
        with a cover picture is AUDIO; an animated GIF is an IMAGE.

    Raises
    ------
    InputError
        If it is none of these, is empty, or exceeds the limits.

    Notes
    -----
    Chapter 01. The order is pictures, text, then sound and video, from the strictest test to
    the loosest: a text never starts like a picture, and no sound is valid UTF-8 without NUL.

    Examples
    --------
    >>> recognise("red leather handbag")
    <Modality.TEXT: 'text'>
    >>> recognise(np.zeros((96, 96, 3), dtype=np.uint8))
    <Modality.IMAGE: 'image'>
    >>> recognise("photo.jpg")
    <Modality.TEXT: 'text'>
    >>> recognise(Path("photo.jpg"))
    Traceback (most recent call last):
    crossmodal_edu.errors.InputError: 'photo.jpg' does not exist.
      accepted: words, a picture (JPEG, PNG, WebP …), a sound (WAV, MP3, M4A …) or a video (MP4, WebM …).
      what to do: Check the name and the folder.
    """
    query = _plain(query)
    if isinstance(query, str):
        _check_text(query, query, limits)
        return Modality.TEXT
    if isinstance(query, Image.Image):
        return Modality.IMAGE
    if isinstance(query, tuple):
        return Modality.AUDIO
    if isinstance(query, np.ndarray):
        if query.dtype == np.uint8 and (query.ndim == 2 or (query.ndim == 3 and query.shape[2] in (3, 4))):
            return Modality.IMAGE
        if _is_waveform(query):
            return Modality.AUDIO
        raise _refuse(query, "is neither a sound nor a picture", None, _ARRAYS)
    with _opened(query, limits) as file:
        picture = _picture_in(file, query, limits)
        if picture is not None:
            return Modality.IMAGE
        start = file.read(4096)
        if _is_text(start) and not re.match(_DRAWING, start, re.DOTALL):
            return Modality.TEXT
        if not re.match(_HEIC, start, re.DOTALL):  # FFmpeg takes these photos for videos
            if is_video(file):
                return Modality.VIDEO
            if is_sound(file):
                return Modality.AUDIO
        raise _unreadable(query, start)


def open_text(source: str | Path | bytes | object, limits: Limits = LIMITS) -> str:
    """The words of a string, a text file or the bytes of one, on one line.

    Runs of spaces, line breaks and control characters become one space. Nothing else is
    changed: upper case stays upper case.

    Parameters
    ----------
    source : str, Path or bytes
        Files and bytes are UTF-8, with or without a byte order mark.
    limits : Limits

    Raises
    ------
    InputError
        If the text is empty, too long, not UTF-8, or not text.

    Notes
    -----
    Chapter 01.

    Examples
    --------
    >>> open_text("  red leather\\n handbag ")
    'red leather handbag'
    """
    given, source = source, _plain(source)
    if isinstance(source, (Path, bytes)):
        with _opened(source, limits) as file:
            # A character takes four bytes at most, the byte order mark three: one more than allowed.
            content = file.read(most := 4 * (limits.characters + 1) + 3)
        if b"\0" in content:
            raise _unreadable(given, content[:4096], Modality.TEXT)
        try:
            source = _decoded(content, most).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise _refuse(given, f"is not UTF-8 text (byte {error.start + 1})", Modality.TEXT) from None
    if not isinstance(source, str):
        raise _refuse(given, "is not a text", Modality.TEXT)
    return _check_text(source, given, limits)


def open_image(source: Query | object, limits: Limits = LIMITS) -> Image.Image:
    """A picture as a person sees it: RGB, upright, on white.

    The orientation that a camera noted (EXIF) is applied, transparency is laid on white,
    and grey, palette, CMYK and 16-bit pictures become 8-bit RGB. Of an animation the first
    frame is taken. The size is checked before any pixel is decoded.

    Parameters
    ----------
    source : str, Path, bytes, PIL image or (h, w), (h, w, 3), (h, w, 4) array of uint8
        A string is a path. A PIL image is not changed.
    limits : Limits

    Returns
    -------
    PIL.Image.Image
        Mode RGB.

    Raises
    ------
    InputError
        If it is no picture, is cut off or damaged, or has more than ``limits.pixels``.

    Notes
    -----
    Chapter 01.

    Examples
    --------
    >>> open_image(Image.new("RGBA", (2, 2), (0, 0, 0, 0))).getpixel((0, 0))
    (255, 255, 255)
    """
    given, source = source, _plain(source, is_path=True)
    if isinstance(source, np.ndarray) and source.size and recognise(source) is Modality.IMAGE:
        source = Image.fromarray(np.ascontiguousarray(source))
    if isinstance(source, Image.Image):
        _check_pixels(source, given, limits)
        return _as_rgb(source, given)
    if not isinstance(source, (Path, bytes)):
        raise _refuse(given, "is not a picture", Modality.IMAGE)
    with _opened(source, limits) as file:
        picture = _picture_in(file, given, limits)
        if picture is None:
            raise _unreadable(given, file.read(4096), Modality.IMAGE)
        return _as_rgb(picture, given)


def open_audio(source: Query | object, limits: Limits = LIMITS) -> Float[np.ndarray, "samples"]:
    """A sound as one channel of 16,000 samples a second.

    Channels are averaged, other sample rates resampled (soxr), and a sound that exceeds full
    scale is scaled down to it. A sound longer than ``limits.seconds`` is cut there. Of a
    file that breaks off or is damaged, the part before the damage is kept. Silence is
    returned as it is: all zeros.

    Parameters
    ----------
    source : str, Path, bytes, array at 16 kHz, or (array, sample_rate)
        A string is a path; of a video the sound track is taken. Arrays are (samples,), or with
        up to eight channels (channels, samples) or (samples, channels): float in [-1, 1],
        int16, int32, or uint8 with its zero at 128.
    limits : Limits

    Returns
    -------
    (samples,) array of float32
        In [-1, 1], at :data:`SAMPLE_RATE`, at least one sample.

    Raises
    ------
    InputError
        If it is no sound, is empty, holds NaN or infinity, or its sample rate is outside
        1 kHz to 768 kHz.

    Notes
    -----
    Chapter 01.

    Examples
    --------
    >>> stereo = np.zeros((44_100, 2), dtype=np.float32)
    >>> open_audio((stereo, 44_100)).shape
    (16000,)
    """
    given, source = source, _plain(source, is_path=True)
    if isinstance(source, np.ndarray):
        source = (source, SAMPLE_RATE)
    if isinstance(source, tuple):
        pieces = [_array_piece(*source, given, limits.seconds)]
    elif isinstance(source, (Path, bytes)):
        with _opened(source, limits) as file:
            start = file.read(4096)
            pieces = list(decode_sound(file, limits.seconds))
        if not pieces:
            raise _unreadable(given, start, Modality.AUDIO)
    else:
        raise _refuse(given, "is not a sound", Modality.AUDIO)
    for rate, samples in pieces:
        if rate not in _SAMPLE_RATES:
            raise _refuse(given, f"has {rate:,} samples a second, outside 1,000 to 768,000", Modality.AUDIO)
        if not np.isfinite(samples).all():
            raise _refuse(given, "holds samples that are not numbers (NaN or infinity)", Modality.AUDIO)
    wave = resample(pieces, SAMPLE_RATE)[: round(limits.seconds * SAMPLE_RATE)]
    if wave.size == 0:
        raise _refuse(given, "holds no sound", Modality.AUDIO)
    return (wave / max(1.0, np.abs(wave).max())).astype(np.float32)


def read_query(
    query: Query | object, openers: Mapping[Modality, Callable[[Any], Any]] | None = None
) -> tuple[Modality, Any]:
    """What a query is, and its content: words, a picture or a waveform.

    Parameters
    ----------
    query : as for :func:`recognise`
    openers : mapping, optional
        How the content of each modality is opened; else text, pictures and sounds, by the functions
        of this module.

    Raises
    ------
    InputError
        As :func:`recognise`, :func:`open_text`, :func:`open_image` and :func:`open_audio`; or if its
        modality has no opener, as a video.

    Notes
    -----
    Chapter 01.

    Examples
    --------
    >>> read_query("red bag")
    (<Modality.TEXT: 'text'>, 'red bag')
    """
    if openers is None:
        openers = {Modality.TEXT: open_text, Modality.IMAGE: open_image, Modality.AUDIO: open_audio}
    modality = recognise(query)
    if modality not in openers:
        raise _refuse(query, f"is a {modality.value}", None, "Take a frame of it, or its sound track.")
    return modality, openers[modality](query)


@contextmanager
def ordinary_file(
    path: Path, refuse: Callable[[str, str], Exception]
) -> Iterator[tuple[io.BufferedIOBase, int]]:
    """A file that somebody named, open for reading, and its size; or the error that ``refuse`` makes.

    Parameters
    ----------
    path : Path
    refuse : callable
        Given why the file cannot be used and what to do, makes the error that is raised.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise refuse("is a folder, not a file", "Name one file in it.")
        if not stat.S_ISREG(status.st_mode):  # a pipe or a device may never end
            raise refuse("is not an ordinary file", "Copy it into a file first.")
        with path.open("rb") as file:
            yield file, status.st_size
    except (FileNotFoundError, NotADirectoryError):
        raise refuse("does not exist", "Check the name and the folder.") from None
    except (OSError, ValueError) as error:
        why = f"cannot be opened ({getattr(error, 'strerror', None) or error})"
        raise refuse(why, "Check its name and access rights.") from None


# What was given


def _plain(query: object, is_path: bool = False) -> object:
    """Reduce a query to str (a text), Path (a file), bytes, PIL image, array or (array, rate)."""
    if isinstance(query, str):
        return Path(query).expanduser() if is_path else query
    if isinstance(query, (bytearray, memoryview)):
        return bytes(query)
    if isinstance(query, (tuple, list)) and len(query) == 2 and isinstance(query[1], (int, np.integer)):
        samples = _plain(query[0])
        if isinstance(samples, np.ndarray) and samples.ndim in (1, 2):
            return samples, int(query[1])
    if hasattr(query, "detach") and hasattr(query, "numpy"):  # a tensor, without importing torch for it
        query = query.detach().cpu()
        query = query.float().numpy() if str(query.dtype) == "torch.bfloat16" else query.numpy()
    if isinstance(query, np.ndarray) and query.dtype.kind in "fiu":
        return query
    if isinstance(query, (Path, bytes, Image.Image)):
        return query
    remedy = "Give a string, a path, the bytes of a file, a PIL image or a numpy array."
    raise _refuse(query, "cannot be searched with", remedy=remedy)


def ascii_name(name: str | Path) -> str:
    """The name of a file, or a text, in quotes and shortened, printable on any terminal."""
    shown = str(name) if len(str(name)) <= 80 else f"{str(name)[:60]}…{str(name)[-12:]}"
    return f"'{shown}'" if shown.isprintable() else ascii(shown)


def _name(given: object) -> str:
    """How a message calls what was given, printable on any terminal."""
    if isinstance(given, (str, Path)):
        return ascii_name(given)
    if isinstance(given, (bytes, bytearray)):
        return f"The input of {len(given):,} bytes"
    if isinstance(given, np.ndarray):
        return f"An array of shape {given.shape} and type {given.dtype}"
    if isinstance(given, Image.Image):
        return f"A picture of {given.width} × {given.height} pixels"
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], np.ndarray):
        return f"A sound of shape {given[0].shape} at {given[1]} samples a second"
    return f"An object of type {type(given).__name__}"


def _refuse(given: object, why: str, wanted: Modality | None = None, remedy: str = _LOOK) -> InputError:
    return InputError(f"{_name(given)} {why}.", accepted=_ACCEPTED[wanted], remedy=remedy)


def _unreadable(given: object, start: bytes, wanted: Modality | None = None) -> InputError:
    """The error for a file whose content is not what is wanted, and what it seems to be."""
    for pattern, what, remedy in _SIGNATURES:
        if re.match(pattern, start, re.DOTALL):
            return _refuse(given, f"looks like {what} and cannot be read{_AS[wanted]}", wanted, remedy)
    kind = "holds text" if _is_text(start) else "is in no format known here"
    return _refuse(given, f"{kind} and cannot be read{_AS[wanted]}", wanted)


@contextmanager
def _opened(source: Path | bytes, limits: Limits) -> Iterator[io.BufferedIOBase]:
    """A binary file on a source that is not empty and not larger than the limit."""
    if isinstance(source, bytes):
        given = nullcontext((io.BytesIO(source), len(source)))
    else:
        given = ordinary_file(source, lambda why, remedy: _refuse(source, why, remedy=remedy))
    with given as (file, size):
        if size == 0:
            raise _refuse(source, "is empty")
        if size > limits.bytes:
            why = f"has {size:,} bytes, more than the {limits.bytes:,} allowed"
            raise _refuse(source, why, None, "Shorten it, lower its quality, or raise Limits.bytes.")
        yield file


# Text


def _decoded(start: bytes, most: int) -> str:
    """The first bytes of a file as text; if as many as were asked for came, the last character may be cut."""
    return codecs.utf_8_decode(start, "strict", len(start) < most)[0]


def _is_text(start: bytes) -> bool:
    """Whether the first bytes of a file, 4,096 at most, are UTF-8 without NUL."""
    try:
        return "\0" not in _decoded(start, 4096)
    except UnicodeDecodeError:
        return False


def _check_text(text: str, given: object, limits: Limits) -> str:
    if len(text) > limits.characters:
        why = f"has more than {limits.characters:,} characters"
        raise _refuse(given, why, Modality.TEXT, "Give fewer words.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise _refuse(given, "holds characters that are not text", Modality.TEXT, "Type the words again.")
    words = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())
    if not words:
        remedy = 'Give at least one word, as in "red bag".'
        raise InputError("The text is empty.", accepted=_ACCEPTED[Modality.TEXT], remedy=remedy)
    return words


# Pictures


def _picture_in(file: io.BufferedIOBase, given: object, limits: Limits) -> Image.Image | None:
    try:
        picture = picture_in(file)
    except Image.DecompressionBombError:
        raise _refuse(given, "has too many pixels", Modality.IMAGE, _SMALLER) from None
    if picture is not None:
        _check_pixels(picture, given, limits)
    return picture


def _check_pixels(picture: Image.Image, given: object, limits: Limits) -> None:
    if picture.width * picture.height > limits.pixels:
        size = f"{picture.width:,} × {picture.height:,}"
        why = f"has {size} pixels, more than the {limits.pixels:,} allowed"
        raise _refuse(given, why, Modality.IMAGE, _SMALLER)
    if picture.width * picture.height == 0:
        raise _refuse(given, "has no pixels", Modality.IMAGE)


def _as_rgb(picture: Image.Image, given: object) -> Image.Image:
    try:
        return to_rgb(picture)
    except ValueError as error:
        raise _refuse(given, f"is cut off or damaged ({error})", Modality.IMAGE, _AGAIN) from None


# Sounds


def _is_waveform(samples: np.ndarray) -> bool:
    """(samples,), or two axes of which one is short enough to be the channels."""
    few = samples.ndim == 1 or (samples.ndim == 2 and 1 <= min(samples.shape) <= _MOST_CHANNELS)
    return few and (samples.dtype.kind in "fi" or samples.dtype == np.uint8)


def _array_piece(samples: np.ndarray, rate: int, given: object, seconds: float) -> tuple[int, np.ndarray]:
    if not _is_waveform(samples):
        remedy = "Give (samples,) or (channels, samples): floats in [-1, 1], or int16."
        raise _refuse(given, "is not a sound", Modality.AUDIO, remedy)
    is_upright = samples.ndim == 2 and samples.shape[0] >= samples.shape[1]
    channels = samples.T if is_upright else np.atleast_2d(samples)
    return rate, full_scale(channels[:, : round(seconds * max(rate, 0))]).mean(axis=0)
