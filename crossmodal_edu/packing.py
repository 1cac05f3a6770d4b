"""Products as a saved folder keeps them: pictures as thumbnails, sounds as a minute of compressed speech."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from jaxtyping import Float
from PIL import Image

from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import SAMPLE_RATE, open_audio, open_image
from crossmodal_edu.products import Media, Product

_LARGEST_PICTURE, _LARGEST_SOUND = 50_000, 200_000  # bytes; what is larger is made smaller
_BITS_PER_SECOND = 16_000


def packed(product: Product) -> Product:
    """A product that needs no file any more; what cannot be opened as picture or sound is left out.

    A file is opened again before it is copied: since it was embedded it may have been exchanged,
    and nothing but pictures and sounds gets into a saved folder.
    """
    picture = _small(product.image, _LARGEST_PICTURE, open_image, encode_thumbnail)
    sound = _small(product.audio, _LARGEST_SOUND, open_audio, encode_opus)
    return replace(product, image=picture, audio=sound)


def encode_opus(waveform: Float[np.ndarray, "samples"]) -> bytes:
    """A waveform as an Ogg Opus file of about 2 kB a second.

    The same waveform gives the same bytes. Decoded, it has the same length, since Opus
    notes how many samples its first and last packets are too long.

    Parameters
    ----------
    waveform : (samples,)
        Mono, 16 kHz, in [-1, 1].

    Raises
    ------
    InputError
        If there are no samples, or some are not finite.

    Notes
    -----
    RFC 6716 (Opus) and RFC 7845 (Ogg Opus).

    Examples
    --------
    >>> encode_opus(np.zeros(16_000, dtype=np.float32))[:4]
    b'OggS'
    """
    waveform = np.asarray(waveform)
    if waveform.ndim != 1 or not waveform.size or not np.isfinite(waveform).all():
        raise InputError(
            f"A waveform of shape {waveform.shape} cannot be encoded.",
            accepted="one row of finite samples.",
            remedy="Average the channels, and replace NaN.",
        )
    samples = (np.clip(waveform, -1, 1) * 32_767).round().astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts = SAMPLE_RATE, 0
    file = io.BytesIO()
    # Without bitexact, the Ogg stream gets a random serial number.
    with av.open(file, "w", format="ogg", container_options={"fflags": "+bitexact"}) as container:
        packets = {"application": "audio", "frame_duration": "60", "flags": "+bitexact"}
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono", options=packets)
        stream.bit_rate = _BITS_PER_SECOND
        for piece in (frame, None):  # None: no more will come
            container.mux(stream.encode(piece))
    return file.getvalue()


def _small(
    media: Media | None, most: int, opener: Callable[[bytes], Any], encode: Callable[[Any], bytes]
) -> bytes | None:
    """The content, encoded anew if it is large; nothing if it cannot be opened."""
    try:
        content = media.read_bytes() if isinstance(media, Path) else media
        if content is None or (content is media and len(content) <= most):
            return content
        opened = opener(content)
    except (OSError, InputError):
        return None
    return content if len(content) <= most else encode(opened)


def encode_thumbnail(picture: Image.Image) -> bytes:
    """A picture as WebP, made smaller where a side has more than 256 pixels."""
    picture.thumbnail((256, 256))
    file = io.BytesIO()
    picture.save(file, "WEBP")
    return file.getvalue()
