"""Is this machine ready? What ``crossmodal doctor`` looks at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator


def checks() -> Iterator[tuple[str, bool, Callable[[], str]]]:
    """What is looked at, whether the package needs it, and a function that says how it is or raises."""
    from importlib.metadata import version

    def python() -> str:
        if not (3, 11) <= sys.version_info < (3, 14):
            raise RuntimeError(f"{sys.version.split()[0]}; Python 3.11, 3.12 or 3.13 is needed")
        return sys.version.split()[0]

    def library(name: str) -> Callable[[], str]:
        def imported() -> str:
            __import__({"scikit-learn": "sklearn", "pillow": "PIL"}.get(name, name))
            return version(name)

        return imported

    def device() -> str:
        import torch

        cores = f"{torch.get_num_threads()} threads"
        if torch.cuda.is_available():
            return f"{cores}, {torch.cuda.get_device_name()}"
        return f"{cores}, no GPU (none is needed)"

    def data(name: str) -> Callable[[], str]:
        def found() -> str:
            from crossmodal_edu.datasets.folders import find

            return str(find(name))

        return found

    def shop() -> str:
        from crossmodal_edu.datasets.shop import load_shop

        return f"{len(load_shop()):,} products"

    def model(name: str) -> Callable[[], str]:
        def loaded() -> str:
            from crossmodal_edu.pretrained import load_pretrained

            return ", ".join(side.value for side in load_pretrained(name).encoders)

        return loaded

    def speech() -> str:
        from crossmodal_edu.audio.speech import VOICES, say
        from crossmodal_edu.modality import SAMPLE_RATE, open_audio
        from crossmodal_edu.packing import encode_opus

        heard = open_audio(encode_opus(say("red leather handbag")))
        return f"{len(VOICES)} voices; spoke and heard {len(heard) / SAMPLE_RATE:.1f} s"

    yield "Python", True, python
    for name in ("torch", "numpy", "pyarrow", "av", "pillow"):
        yield name, True, library(name)
    for name in ("torchvision", "scikit-learn", "gensim", "librosa", "matplotlib"):
        yield f"{name} (extra book)", False, library(name)
    yield "processor", True, device
    yield "shop (ships)", True, shop
    for name in ("shop", "fashion"):
        yield f"model {name}", True, model(name)
    yield "speech (extra book)", False, speech
    for name in ("fashion", "grocery", "fashion_mnist", "spoken_digits"):
        yield f"data set {name}", False, data(name)
