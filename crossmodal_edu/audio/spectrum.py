"""From a waveform to a picture of it: frames, Fourier transform, mel bands, decibels."""

from __future__ import annotations

from functools import cache

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import SAMPLE_RATE

_CHANNELS = 8  # no clip is this short, and few recordings have more channels


def frames(
    waveforms: Float[Tensor, "*n samples"],
    n_fft: int = 512,
    hop_length: int = 160,
    center: bool = True,
    pad_mode: str = "constant",
) -> Float[Tensor, "*n frames n_fft"]:
    """Cut sounds into pieces that overlap, one piece a row.

    Parameters
    ----------
    waveforms : (..., samples)
        Clips of equal length.
    n_fft : int
        Samples per piece.
    hop_length : int
        Samples from the start of one piece to the start of the next.
    center : bool
        Put half a piece of padding before and after, so that the middle of piece t is sample
        ``t · hop_length``; there are ``samples // hop_length + 1`` pieces then.
    pad_mode : str
        What the padding holds: "constant" (zeros, as librosa has it today) or "reflect" (the
        sound mirrored, as it had it before, and as :func:`torch.stft` has it).

    Returns
    -------
    (..., frames, n_fft)

    Raises
    ------
    InputError
        If samples are NaN or infinite, the array looks like (samples, channels), a clip is too
        short for the padding or for one piece, or a setting makes no sense.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> frames(torch.arange(6.0), n_fft=4, hop_length=2, center=False)
    tensor([[0., 1., 2., 3.],
            [2., 3., 4., 5.]])
    """
    _check_waveforms(waveforms, n_fft, hop_length, center, pad_mode)
    if center:
        half = n_fft // 2
        waveforms = F.pad(waveforms[None], (half, half), mode=pad_mode)[0]
    return waveforms.unfold(-1, n_fft, hop_length)


def dft_matrix(n_fft: int) -> Complex[Tensor, "frequencies n_fft"]:
    """The discrete Fourier transform of a real sound, as a matrix.

    Row k is a wave that turns k times in ``n_fft`` samples. The rows above half are the
    mirror image of those below when the sound is real, and are left out.

    Parameters
    ----------
    n_fft : int
        Samples per piece.

    Returns
    -------
    (n_fft / 2 + 1, n_fft)
        Complex, double precision.

    Notes
    -----
    Chapter 08. X[k] = Σₙ x[n] exp(−2πi k n / N).

    Examples
    --------
    >>> (dft_matrix(4) @ torch.tensor([3.0, 1.0, 0.0, 1.0]).cdouble()).real.round().tolist()
    [5.0, 3.0, 1.0]
    """
    k = torch.arange(n_fft // 2 + 1)[:, None]
    n = torch.arange(n_fft)
    # k · n only matters up to whole turns, and a small angle keeps its digits.
    angle = -2 * torch.pi * (k * n % n_fft).double() / n_fft
    return torch.polar(torch.ones_like(angle), angle)


def power_spectrogram(
    waveforms: Float[Tensor, "*n samples"],
    n_fft: int = 512,
    hop_length: int = 160,
    center: bool = True,
    pad_mode: str = "constant",
) -> Float[Tensor, "*n frequencies frames"]:
    """How much of each frequency there is in each piece of a sound.

    Parameters
    ----------
    waveforms, n_fft, hop_length, center, pad_mode
        As for :func:`frames`.

    Returns
    -------
    (..., n_fft / 2 + 1, frames)
        Squared magnitudes; the window is the periodic Hann window.

    Notes
    -----
    Chapter 08. Allen and Rabiner (1977).

    Examples
    --------
    >>> tone = torch.sin(2 * torch.pi * 1000 * torch.arange(16_000) / 16_000)
    >>> power_spectrogram(tone)[:, 50].argmax() * 16_000 / 512
    tensor(1000.)
    """
    window = torch.hann_window(n_fft, dtype=waveforms.dtype, device=waveforms.device)
    spectrum = torch.fft.rfft(frames(waveforms, n_fft, hop_length, center, pad_mode) * window)
    return (spectrum.real.square() + spectrum.imag.square()).transpose(-1, -2)


def hz_to_mel(hz: Float[Tensor, "..."], htk: bool = True) -> Float[Tensor, "..."]:
    """The mel scale: equal steps sound equally far apart.

    Parameters
    ----------
    hz : (...)
        Frequencies, 0 or more.
    htk : bool
        One formula for all frequencies, the choice of HTK; otherwise Slaney's, straight up to
        1000 Hz and logarithmic above, the default of librosa. The units differ: 1000 Hz are
        1000 mel in the one and 15 in the other.

    Notes
    -----
    Chapter 08. O'Shaughnessy (1987): m = 2595 log₁₀(1 + f / 700). Slaney (1998), mfcc.m.

    Examples
    --------
    >>> round(hz_to_mel(torch.tensor(1000.0)).item())
    1000
    >>> hz_to_mel(torch.tensor([500.0, 6400.0]), htk=False)
    tensor([ 7.5000, 42.0000])
    """
    if htk:
        return 2595.0 * torch.log10(1.0 + hz / 700.0)
    steps = 27 * torch.log(hz.clamp(min=1000.0) / 1000.0) / torch.log(torch.tensor(6.4, dtype=hz.dtype))
    return torch.where(hz < 1000.0, hz * 3 / 200, 15.0 + steps)


def mel_to_hz(mel: Float[Tensor, "..."], htk: bool = True) -> Float[Tensor, "..."]:
    """The inverse of :func:`hz_to_mel`.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> round(mel_to_hz(hz_to_mel(torch.tensor(440.0))).item())
    440
    """
    if htk:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return torch.where(mel < 15.0, mel * 200 / 3, 1000.0 * 6.4 ** ((mel - 15.0) / 27))


def mel_filter_bank(
    n_mels: int,
    n_fft: int,
    sample_rate: int = SAMPLE_RATE,
    fmin: float = 60.0,
    fmax: float | None = 7600.0,
    htk: bool = True,
    norm: str | None = None,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "mels frequencies"]:
    """Triangles over the frequencies of a spectrum, equally wide in mel.

    Parameters
    ----------
    n_mels : int
        How many triangles.
    n_fft : int
        Samples per frame of the spectrum, which then has n_fft / 2 + 1 frequencies.
    sample_rate : int
        In hertz.
    fmin, fmax : float
        The lowest and the highest frequency, in hertz; without ``fmax``, half the sample rate.
    htk : bool
        As for :func:`hz_to_mel`.
    norm : str, optional
        "slaney" divides each triangle by half its width in hertz, so that all have the same
        area. Without it, all have the height 1.
    dtype : torch.dtype
        A triangle that is only a frequency or two wide loses digits in single precision.

    Returns
    -------
    (mels, frequencies)
        Weights, 0 or more.

    Raises
    ------
    InputError
        If the frequencies are not 0 ≤ fmin < fmax ≤ sample_rate / 2, or ``norm`` is another.

    Notes
    -----
    Chapter 08. Davis and Mermelstein (1980); the area Slaney (1998).

    Examples
    --------
    >>> mel_filter_bank(40, 512).shape
    torch.Size([40, 257])
    """
    fmax = sample_rate / 2 if fmax is None else fmax
    _check_bands(n_mels, n_fft, sample_rate, fmin, fmax, norm)
    frequencies = torch.linspace(0, sample_rate / 2, n_fft // 2 + 1, dtype=dtype)
    lowest, highest = hz_to_mel(torch.tensor([fmin, fmax], dtype=dtype), htk).tolist()
    edges = mel_to_hz(torch.linspace(lowest, highest, n_mels + 2, dtype=dtype), htk)
    left, centre, right = (part[:, None] for part in (edges[:-2], edges[1:-1], edges[2:]))
    rising = (frequencies - left) / (centre - left)
    falling = (right - frequencies) / (right - centre)
    bank = torch.minimum(rising, falling).clamp(min=0)
    return bank * 2 / (right - left) if norm == "slaney" else bank


def power_to_db(
    power: Float[Tensor, "*n bands frames"], top_db: float | None = 80.0
) -> Float[Tensor, "*n bands frames"]:
    """Ten times the logarithm of the power: twice the power is 3 dB more.

    Parameters
    ----------
    power : (..., bands, frames)
        0 or more.
    top_db : float, optional
        What lies further than this below the loudest value *of its clip* is raised to there.

    Returns
    -------
    (..., bands, frames)
        −100 at the lowest.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> power_to_db(torch.tensor([[10.0, 1000.0, 0.0]]), top_db=80).round()
    tensor([[ 10.,  30., -50.]])
    """
    decibels = 10.0 * torch.log10(power.clamp(min=1e-10))
    if top_db is None:
        return decibels
    loudest = decibels.amax(dim=(-2, -1), keepdim=True)  # of each clip, not of the batch
    return torch.maximum(decibels, loudest - top_db)


@cache
def _filter_bank(n_mels: int, n_fft: int) -> Float[Tensor, "mels frequencies"]:
    return mel_filter_bank(n_mels, n_fft)


def log_mel(
    waveforms: Float[Tensor, "*n samples"], n_mels: int = 40, n_fft: int = 512, hop_length: int = 320
) -> Float[Tensor, "*n mels frames"]:
    """How much of each pitch there is in each 20 ms of sound, in decibels.

    Parameters
    ----------
    waveforms : (..., samples)
        16 kHz mono, −1 to 1; silence is fine.
    n_mels : int
        Pitch bands.
    n_fft : int
        Samples per frame (512 are 32 ms).
    hop_length : int
        Samples from one frame to the next (320 are 20 ms).

    Returns
    -------
    (..., mels, frames)
        Decibels, −100 at the lowest; ``samples // hop_length + 1`` frames.

    Raises
    ------
    InputError
        As for :func:`frames`.

    Notes
    -----
    Used in Chapter 08. The models that ship were trained on exactly these numbers.

    Examples
    --------
    >>> log_mel(torch.zeros(16_000)).shape
    torch.Size([40, 51])
    """
    _check_waveforms(waveforms, n_fft, hop_length)
    window = torch.hann_window(n_fft, device=waveforms.device)
    spectrum = torch.stft(
        waveforms, n_fft, hop_length, window=window, center=True, pad_mode="constant", return_complex=True
    )
    power = spectrum.abs().square() / window.square().sum()
    return power_to_db(_filter_bank(n_mels, n_fft).to(power.device) @ power, top_db=None)


def _check_waveforms(
    waveforms: Tensor, n_fft: int, hop_length: int, center: bool = True, pad_mode: str = "constant"
) -> None:
    if n_fft < 1 or hop_length < 1 or pad_mode not in ("constant", "reflect"):
        raise InputError(
            f"Frames of {n_fft} samples every {hop_length} samples, padded by {pad_mode!r}, do not exist.",
            accepted='n_fft and hop_length from 1 on; pad_mode "constant" or "reflect".',
            remedy="For speech at 16 kHz take n_fft=512, hop_length=160.",
        )
    shape = tuple(waveforms.shape)
    if len(shape) > 1 and 1 < shape[-1] <= _CHANNELS and shape[-2] > 100:
        raise InputError(
            f"An array of shape {shape} looks like {shape[-2]:,} samples of {shape[-1]} channels.",
            accepted="mono clips, samples along the last axis.",
            remedy="Average the channels with .mean(-1), or open the sound with open_audio.",
        )
    if not torch.isfinite(waveforms).all():
        raise InputError(
            "The sound holds samples that are not numbers (NaN or infinity).",
            accepted="finite samples, usually between -1 and 1.",
            remedy="Look for a division by zero or a file that was read as another type.",
        )
    if not center and shape[-1] < n_fft:
        raise InputError(
            f"{shape[-1]} samples do not fill a frame of {n_fft}.",
            accepted=f"{n_fft} samples or more, or center=True, which pads.",
            remedy="Use center=True or a smaller n_fft.",
        )
    if pad_mode == "reflect" and len(shape) > 2:
        raise InputError(
            f"A sound of shape {shape} has too many axes to be mirrored.",
            accepted="(samples,) or (clips, samples).",
            remedy='Use pad_mode="constant", or flatten the axes before the last.',
        )
    if center and pad_mode == "reflect" and shape[-1] <= n_fft // 2:
        raise InputError(
            f"{shape[-1]} samples are too few to be mirrored by {n_fft // 2}.",
            accepted=f"more than {n_fft // 2} samples.",
            remedy='Use pad_mode="constant" or a smaller n_fft.',
        )


def _check_bands(
    n_mels: int, n_fft: int, sample_rate: int, fmin: float, fmax: float, norm: str | None
) -> None:
    if n_mels < 1 or n_fft < 2 or norm not in (None, "slaney"):
        raise InputError(
            f"{n_mels} mel bands over frames of {n_fft} samples with norm={norm!r} do not exist.",
            accepted='1 band or more, 2 samples or more, norm "slaney" or None.',
            remedy="For speech at 16 kHz take n_mels=40, n_fft=512.",
        )
    if not 0 <= fmin < fmax <= sample_rate / 2:
        raise InputError(
            f"Mel bands from {fmin:g} to {fmax:g} Hz do not fit a sound of {sample_rate:,} samples a second.",
            accepted=f"0 ≤ fmin < fmax ≤ {sample_rate / 2:g} Hz, half the sample rate.",
            remedy="Lower fmax, or leave it out; and check the sample rate.",
        )
