"""What stands behind a product in its picture, drawn without looking at the product.

A shop photographs its goods on whatever is at hand. If the background depended on
the product, a model could read the answer off the wall; here it never does.
"""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from PIL import Image

KINDS = ("tint", "gradient", "studio", "bokeh", "wood", "textile")


@lru_cache(maxsize=8)
def grid(size: int) -> tuple[Float[np.ndarray, "s s"], Float[np.ndarray, "s s"]]:
    """The x and y of each pixel's centre, 0 (left, top) to 1 (right, bottom). Do not write into them."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    return (x + 0.5) / size, (y + 0.5) / size


def smooth_noise(rng: np.random.Generator, cells: tuple[int, int], size: int) -> Float[np.ndarray, "s s"]:
    """Noise between about -1 and 1 that changes over ``cells`` (across, down) humps, at any size."""
    values = rng.uniform(-1, 1, size=(cells[1], cells[0])).astype(np.float32)
    return np.asarray(Image.fromarray(values).resize((size, size), Image.Resampling.BICUBIC))


def _tint(rng: np.random.Generator, dark: bool) -> np.ndarray:
    """A quiet colour: mostly pale, now and then deep."""
    light = rng.uniform(0.34, 0.55) if dark else rng.uniform(0.78, 0.97)
    return np.array(colorsys.hls_to_rgb(rng.random(), light, rng.uniform(0.04, 0.42)), dtype=np.float32)


def _step(x: np.ndarray, edge: float, width: float) -> np.ndarray:
    t = np.clip((x - edge) / width + 0.5, 0, 1)
    return (t * t * (3 - 2 * t))[..., None]


def _planks(rng: np.random.Generator, size: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Boards along x: tone by board, wavy grain, dark joints."""
    across = y * rng.uniform(3, 5.5) + rng.random()
    board = np.floor(across).astype(int)
    tone = rng.uniform(-0.08, 0.08, size=32).astype(np.float32)[board % 32]
    wave = smooth_noise(rng, (4, 9), size)
    grain = np.sin(2 * np.pi * (across * 3.1 + 0.9 * wave + 7 * tone))
    joint = np.abs(across - board - 0.5) > 0.47
    return tone + 0.045 * grain + 0.02 * wave - 0.22 * joint


def backdrop(rng: np.random.Generator, size: int) -> Float[np.ndarray, "s s 3"]:
    """A background drawn at random from six kinds.

    Parameters
    ----------
    rng : np.random.Generator
        Draws the kind and everything in it. Equal states give the same scene at every size.
    size : int
        Width and height in pixels.

    Returns
    -------
    (size, size, 3)
        sRGB values, 0 to 1.

    Examples
    --------
    >>> backdrop(np.random.default_rng(0), 32).shape
    (32, 32, 3)
    """
    x, y = grid(size)
    kind = KINDS[rng.choice(len(KINDS), p=(0.22, 0.22, 0.22, 0.12, 0.12, 0.10))]
    dark = bool(rng.random() < 0.14)
    first, second = _tint(rng, dark), _tint(rng, dark)
    scene = np.broadcast_to(first, (size, size, 3)).copy()
    if kind == "tint":
        centre = rng.uniform(0.3, 0.7, size=2)
        scene *= (1.03 - 0.22 * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2))[..., None]
    elif kind == "gradient":
        angle = rng.uniform(0, 2 * np.pi)
        along = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
        scene += (second - first) * _step(along, 0.0, rng.uniform(0.9, 1.5))
    elif kind == "studio":
        floor = first * rng.uniform(0.86, 1.08) + 0.25 * (second - first)
        scene += (floor - first) * _step(y, rng.uniform(0.6, 0.78), rng.choice([0.03, 0.12, 0.3]))
        scene *= (1.04 - 0.3 * ((x - rng.uniform(0.25, 0.75)) ** 2 + (y - 0.35) ** 2))[..., None]
    elif kind == "bokeh":
        for _ in range(rng.integers(5, 10)):
            cx, cy, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.06, 0.24)
            disc = _step(np.hypot(x - cx, y - cy), radius, 0.05 + 0.5 * radius * rng.random())
            scene += (_tint(rng, dark) - first) * (1 - disc) * rng.uniform(0.3, 0.7)
    elif kind == "wood":
        board = np.array(
            colorsys.hls_to_rgb(rng.uniform(0.05, 0.12), rng.uniform(0.42, 0.8), rng.uniform(0.1, 0.4))
        )
        table = rng.random() < 0.5
        edge = rng.uniform(0.58, 0.72)
        # Seen from above the boards are even; a table top narrows towards its far edge.
        down = (
            np.sqrt(np.clip((y - edge) / (1 - edge), 0, 1)) * 0.8
            if table
            else (y if rng.random() < 0.5 else x)
        )
        other = x if down is not x else y
        planks = board.astype(np.float32) * (1 + _planks(rng, size, other, down))[..., None]
        scene = scene + (planks - scene) * _step(y, edge, 0.02) if table else planks
    else:  # textile
        count = rng.uniform(22, 34)
        weave = np.sin(2 * np.pi * count * x) * np.sin(2 * np.pi * count * y)
        folds = smooth_noise(rng, (4, 4), size)
        scene = scene * (1 + 0.04 * weave + 0.07 * folds)[..., None]
    return np.clip(scene, 0, 1).astype(np.float32)
