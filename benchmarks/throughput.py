"""How many products a second are embedded, and how many a second are trained on."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from crossmodal_edu.audio.encoder import Spectrograms
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import Modality
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.recipes import RECIPES
from crossmodal_edu.spaces.contrastive import ContrastiveLearner
from crossmodal_edu.text.tokens import Vocabulary

BATCH, REPEATS = 256, 5


def median_rate(work: Callable[[], object]) -> float:
    """Products a second: the median of some runs after one to warm up."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return BATCH / float(np.median(times))


def plain_stack(size: tuple[int, int]) -> torch.nn.Module:
    """The usual alternative to a patch layer: 3×3 convolutions with stride 2 from the first on."""
    layers, before = [], 3
    for width in (32, 64, 128, 256):
        layers += [
            torch.nn.Conv2d(before, width, 3, 2, 1, bias=False),
            torch.nn.BatchNorm2d(width),
            torch.nn.ReLU(),
        ]
        layers += [
            torch.nn.Conv2d(width, width, 3, 1, 1, bias=False),
            torch.nn.BatchNorm2d(width),
            torch.nn.ReLU(),
        ]
        before = width
    return torch.nn.Sequential(
        *layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(256, 256)
    )


def training_step(model: torch.nn.Module, inputs: object, reduced: bool) -> Callable[[], None]:
    optimiser = torch.optim.AdamW(model.parameters())

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            output = (
                model.loss(inputs) if isinstance(model, ContrastiveLearner) else model(inputs).square().mean()
            )
        optimiser.zero_grad()
        output.backward()
        optimiser.step()

    return step


def main() -> str:
    torch.set_num_threads(2)
    chance = torch.Generator().manual_seed(0)
    lines = []
    for name, recipe in RECIPES.items():
        model = load_pretrained(name)
        pixels = torch.randint(0, 256, (BATCH, 3, *recipe.image_size), dtype=torch.uint8, generator=chance)
        sounds = Spectrograms(torch.randn(BATCH, 40, 150, generator=chance), torch.full((BATCH,), 150))
        titles = ["Lumbrel red striped leather tote handbag"] * BATCH
        with torch.inference_mode():
            rates = [
                median_rate(partial(model.embed, Modality.TEXT, titles)),
                median_rate(partial(model.encoders[Modality.IMAGE], pixels)),
                median_rate(partial(model.encoders[Modality.AUDIO], sounds)),
            ]
        words = model.encoders[Modality.TEXT].vocabulary.words
        fresh = ContrastiveLearner(recipe.new_model(Vocabulary(words)).encoders.values())
        inputs = {
            Modality.TEXT: fresh.encoders["text"].prepare(titles),
            Modality.IMAGE: pixels,
            Modality.AUDIO: sounds,
        }
        rates += [median_rate(training_step(fresh, inputs, reduced)) for reduced in (False, True)]
        lines.append(
            f"| {name}, pictures {recipe.image_size} | " + " | ".join(f"{rate:,.0f}" for rate in rates) + " |"
        )
    pixels = torch.randint(0, 256, (BATCH, 3, 64, 48), dtype=torch.uint8, generator=chance)
    patch = median_rate(training_step(ImageEncoder((64, 48)).train(), pixels, False))
    plain = median_rate(training_step(plain_stack((64, 48)), pixels.float() / 255, False))
    return f"""## Throughput on two threads

Products a second, batches of {BATCH}, sounds of 3 s; median of {REPEATS} runs.

| model | texts | pictures | sounds | training, all three | the same in bfloat16 |
|---|---|---|---|---|---|
{chr(10).join(lines)}

Training the picture encoder alone at 64×48: {patch:,.0f} pictures a second with a 4×4 patch layer first,
{patch / plain:.1f} times a plain stack of stride-2 convolutions up to the same width ({plain:,.0f}).
"""
