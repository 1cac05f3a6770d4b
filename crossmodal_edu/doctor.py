"""Is this machine ready? What ``crossmodal doctor`` looks at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial

# What is looked at is imported inside, so that one thing that is missing leaves the others to be told.


def checks() -> Iterator[tuple[str, bool, Callable[[], str]]]:
    """What is looked at, whether the package needs it, and a function that says how it is or raises."""
    yield "Python", True, _python
    for name in ("torch", "numpy", "pyarrow", "av", "pillow"):
        yield name, True, partial(_library, name)
    for name in ("torchvision", "scikit-learn", "gensim", "librosa", "matplotlib"):
        yield f"{name} (extra book)", False, partial(_library, name)
    yield "processor", True, _device
    yield "shop (ships)", True, _shop
    for name in ("shop", "fashion"):
        yield f"model {name}", True, partial(_model, name)
    yield "speech (extra book)", False, _speech
    for name in ("fashion", "grocery", "fashion_mnist", "spoken_digits"):
        yield f"data set {name}", False, partial(_data, name)


def _python() -> str:
    if not (3, 11) <= sys.version_info < (3, 14):
        raise RuntimeError(f"{sys.version.split()[0]}; Python 3.11, 3.12 or 3.13 is needed")
    return sys.version.split()[0]


def _library(name: str) -> str:
    from importlib.metadata import version

    __import__({"scikit-learn": "sklearn", "pillow": "PIL"}.get(name, name))
    return version(name)


def _device() -> str:
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU (none is needed)"
    return f"{torch.get_num_threads()} threads, {gpu}"


def _data(name: str) -> str:
    from crossmodal_edu.datasets.folders import find

    return str(find(name))


def _shop() -> str:
    from crossmodal_edu.datasets.shop import load_shop

    return f"{len(load_shop()):,} products"


def _model(name: str) -> str:
    from crossmodal_edu.pretrained import load_pretrained

    return ", ".join(side.value for side in load_pretrained(name).encoders)


def _speech() -> str:
    from crossmodal_edu.audio.speech import VOICES, say
    from crossmodal_edu.modality import SAMPLE_RATE, open_audio
    from crossmodal_edu.packing import encode_opus

    heard = open_audio(encode_opus(say("red leather handbag")))
    return f"{len(VOICES)} voices; spoke and heard {len(heard) / SAMPLE_RATE:.1f} s"
