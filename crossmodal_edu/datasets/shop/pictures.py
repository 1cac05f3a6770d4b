"""Pictures of products: a drawing painted for one product, then photographed.

The drawing is vector art (``artwork/<type>_<style>.svg``), painted by
:mod:`.paint` and :mod:`.texture` and turned into pixels by resvg. The rest is
what a camera adds: a background, light from one side, a shadow, a pose,
sometimes a thing in the way.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageFilter

from crossmodal_edu.datasets.shop.backdrop import backdrop, grid
from crossmodal_edu.datasets.shop.paint import CLASSES, SURFACES, draw_palette, paint_servers
from crossmodal_edu.datasets.shop.texture import Affine, draw_layout, read_shapes, surface
from crossmodal_edu.datasets.shop.truth import Truth
from crossmodal_edu.errors import extra

with extra("book"):
    import resvg_py

ARTWORK = Path(__file__).parent / "artwork"

_HUNG = {"t-shirt", "shirt", "dress", "jacket", "trousers", "skirt", "kite"}
"""Photographed hanging before a wall: their shadow falls behind them, not under them."""

_FUZZ = {"plush": 1.5, "wool": 0.7}
"""How far the pixels of a material stray, in hundredths of the picture."""

_SHINE = {
    "leather": 0.28,
    "silk": 0.4,
    "steel": 0.6,
    "plastic": 0.5,
    "ceramic": 0.55,
    "glass": 0.7,
    "velvet": 0.3,
}
"""Strength of the highlight along edges that face the light; 0.15 for anything else."""


_THINGS = (
    '<path d="M0-16Q3-10 0-6" fill="none" stroke="#776" stroke-width=".8"/>'
    '<path d="M0-8 5-4V11H-5V-4Z" fill="#fbf7ea" stroke="#b9b09a" stroke-width=".5"/>'
    '<circle cy="-4.6" r="1.2" fill="#a79f88"/><path d="M-3 6.5H3V9H-3Z" fill="INK"/>'
    '<path d="M-3 0H3M-3 3H2" stroke="#999" stroke-width=".9"/>',
    '<path d="M0 14C-9 6-8-6 0-14 8-6 9 6 0 14Z" fill="#4f8a4c"/>'
    '<path d="M0-14C8-6 9 6 0 14Z" fill="#3c723e"/>'
    '<path d="M0 18V-11M0 6-5 1M0 6 5 1M0-1-4-5M0-1 4-5" stroke="#a9cf9a" stroke-width=".7" fill="none"/>',
    '<path d="M-4.5-60H4.5V60H-4.5Z" fill="INK"/>'
    '<path d="M-4.5-60H-2V60H-4.5Z" fill="#fff" fill-opacity=".25"/>',
)
"""What may be in the way: a price tag, a leaf, a strip of card."""


def artwork_path(type: str, style: str) -> Path:
    """Where the drawing of a type and style lies.

    Examples
    --------
    >>> artwork_path("teddy bear", "sitting").name
    'teddy-bear_sitting.svg'
    """
    return ARTWORK / f"{type.replace(' ', '-')}_{style.replace(' ', '-')}.svg"


@lru_cache(maxsize=256)
def _drawing(type: str, style: str) -> str:
    """The shapes of a drawing, with the default widths and opacities of their classes filled in."""
    _, shapes = read_shapes(artwork_path(type, style))

    def with_defaults(tag: re.Match[str]) -> str:
        defaults = CLASSES.get(tag["class"], {})
        missing = [f' {name}="{value}"' for name, value in defaults.items() if f" {name}=" not in tag[0]]
        return tag[0].replace(f'class="{tag["class"]}"', f'class="{tag["class"]}"' + "".join(missing))

    return re.sub(r'<\w+[^>]*?\bclass="(?P<class>[\w-]+)"[^>]*>', with_defaults, shapes)


def _pixels(svg: str, size: int, width: int = 100) -> Float[np.ndarray, "s w 4"]:
    """A drawing as colour premultiplied by opacity, 0 to 1."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 100" height="{size}">'
    png = resvg_py.svg_to_bytes(svg_string=f"{head}{svg}</svg>", height=size, skip_system_fonts=True)
    rgba = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), dtype=np.float32) / 255
    rgba[..., :3] *= rgba[..., 3:]
    return rgba


def _painted(
    truth: Truth, pose: Affine, flipped: bool, size: int, rng: np.random.Generator
) -> Float[np.ndarray, "s s 4"]:
    """The product in its pose, colour premultiplied by opacity.

    Vector patterns are slow, so the surface is put in afterwards: the drawing is
    rendered once with a black surface and once, beside it, with a red surface
    where the pattern goes and a green one elsewhere. Painting is linear, so the
    difference between the two says how much of the surface each pixel shows.
    """
    palette, layout = draw_palette(truth, rng), draw_layout(truth.pattern, rng)
    drawing = _drawing(truth.type, truth.style)
    (a, c, e), (b, d, f) = pose
    placed = f'<g transform="matrix({a:.4f} {b:.4f} {c:.4f} {d:.4f} {e:.3f} {f:.3f})">'
    black, coloured = drawing, drawing
    for name, key in zip(SURFACES, ("#f00", "#0f0"), strict=True):
        black, coloured = black.replace(f"url(#{name})", "#000"), coloured.replace(f"url(#{name})", key)
    both = f'{placed}{black}</g><g transform="translate(150 0)">{placed}{coloured}</g></g>'
    pixels = _pixels(paint_servers(truth, palette, flipped) + both, size, width=250)
    product, second = pixels[:, :size], pixels[:, round(1.5 * size) : round(1.5 * size) + size]
    shown = np.clip(second[..., :2] - product[..., :2], 0, 1)[..., None]
    to_drawing = np.linalg.inv(np.vstack([pose, [0, 0, 1]]))[:2]
    surfaces = surface(truth, palette, layout, to_drawing, size)
    # Where the surface shows, its own opacity counts: glass lets the background through.
    product = product.copy()
    product[..., 3] -= shown.sum(axis=2)[..., 0]
    return product + shown[:, :, 0] * surfaces[0] + shown[:, :, 1] * surfaces[1]


def _moved(mask: Float[np.ndarray, "s s"], right: float, down: float) -> Float[np.ndarray, "s s"]:
    """The mask moved by a number of pixels; what leaves the frame is lost."""
    image = Image.fromarray(mask)
    return np.asarray(image.transform(image.size, Image.Transform.AFFINE, (1, 0, -right, 0, 1, -down)))


def _blur(mask: Float[np.ndarray, "s s"], radius: float) -> Float[np.ndarray, "s s"]:
    image = Image.fromarray((255 * mask).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(image, dtype=np.float32) / 255


def _shadow(alpha: Float[np.ndarray, "s s"], hung: bool, side: float, rng: np.random.Generator) -> np.ndarray:
    """How much light the product takes from the background, 0 to 1; it falls away from the light."""
    size = alpha.shape[0]
    depth, softness = rng.uniform(0.3, 0.5), rng.uniform(0.8, 1.4)
    if hung:
        reach = softness * size
        return depth * _blur(_moved(alpha, -0.03 * side * reach, 0.04 * reach), 0.025 * reach)
    rows = np.flatnonzero(alpha.max(axis=1) > 0.3)
    if rows.size == 0:
        return np.zeros_like(alpha)
    bottom = int(rows[-1]) + 1
    # The silhouette lying on the ground: squashed to a sixth, the lower half counting most.
    height = max(2, round(0.15 * size))
    low = alpha * np.linspace(0.25, 1.0, size, dtype=np.float32)[:, None]
    flat = Image.fromarray((255 * low[rows[0] : bottom]).astype(np.uint8)).resize(
        (size, height), Image.Resampling.BOX
    )
    ground = np.zeros((size + height, size), dtype=np.float32)
    top = bottom - round(0.62 * height)
    ground[top : top + height] = np.asarray(flat, dtype=np.float32)[: ground.shape[0] - top] / 255
    return 1.25 * depth * _blur(_moved(ground[:size], -0.05 * side * size, 0.0), 0.022 * softness * size)


def _lit(product: Float[np.ndarray, "s s 4"], material: str, side: float) -> Float[np.ndarray, "s s 3"]:
    """Round the flat drawing.

    The blurred silhouette is read as a height: slopes that face the light catch it, the others lose it.
    """
    size = product.shape[0]
    alpha = product[..., 3]
    down, right = np.gradient(_blur(alpha, 0.028 * size))
    slope = (0.045 * size) * (side * right + 0.9 * down)  # above 0 where the surface faces the light
    x, y = grid(size)
    level = 1.0 - 0.14 * side * (x - 0.5) - 0.10 * (y - 0.5) + np.minimum(slope, 0) * 0.9
    shine = np.clip(slope * 2 * _SHINE.get(material, 0.15), 0, 0.7)
    rgb = product[..., :3] * level[..., None]
    return rgb + (alpha[..., None] - rgb) * shine[..., None]


def _fuzzy(product: Float[np.ndarray, "s s 4"], reach: float, rng: np.random.Generator) -> np.ndarray:
    """Let pixels stray up to ``reach`` hundredths of the picture, half and half with those that stayed."""
    size = product.shape[0]
    stray = rng.uniform(-reach / 100, reach / 100, size=(2, 96, 96)).astype(np.float32)
    down, right = (
        np.asarray(Image.fromarray(part).resize((size, size), Image.Resampling.BILINEAR)) for part in stray
    )
    x, y = grid(size)
    rows = np.clip((y + down) * size, 0, size - 1).astype(int)
    columns = np.clip((x + right) * size, 0, size - 1).astype(int)
    return 0.45 * product + 0.55 * product[rows, columns]


def _in_the_way(
    alpha: Float[np.ndarray, "s s"], rng: np.random.Generator
) -> Float[np.ndarray, "s s 4"] | None:
    """A price tag, a leaf or a strip of card over the edge of the product, hiding at most 15 % of it."""
    edges = np.argwhere((alpha > 0.5) & (_blur(alpha, 0.04 * alpha.shape[0]) < 0.75))
    if len(edges) == 0:
        return None
    row, column = edges[int(rng.random() * len(edges))] * (100 / alpha.shape[0])
    kind, turn, hue = rng.integers(3), rng.uniform(-40, 40), rng.random()
    tone = np.array([0.5 + 0.32 * np.cos(2 * np.pi * (hue + third / 3)) for third in range(3)])
    ink = "#" + "".join(f"{int(255 * part):02x}" for part in tone)
    thing = _THINGS[kind].replace("INK", ink)
    if kind == 2:
        column, row, turn = rng.choice([rng.uniform(4, 16), rng.uniform(84, 96)]), 50, rng.uniform(-14, 14)
    over = _pixels(
        f'<g transform="translate({column:.1f} {row:.1f}) rotate({turn:.0f})">{thing}</g>', alpha.shape[0]
    )
    hidden = (over[..., 3] * alpha).sum() / alpha.sum()
    return over if hidden <= 0.15 else None


def render(truth: Truth, rng: np.random.Generator, size: int = 96) -> Image.Image:
    """One picture of a product, as a shop might have taken it.

    What the product is comes from ``truth`` alone; what is drawn from ``rng``
    (background, light, pose, shade of colour, place and scale of the pattern,
    things in the way) says nothing about the product.

    Parameters
    ----------
    truth : Truth
        The product.
    rng : np.random.Generator
        Source of all variation: the same truth and an equal generator give the same pixels.
    size : int
        Width and height in pixels. A larger picture shows the same scene in more detail.

    Returns
    -------
    PIL.Image.Image
        RGB, ``size`` × ``size``.

    Raises
    ------
    DataMissingError
        If the drawing of this type and style is not installed.

    Notes
    -----
    Chapter 01.

    Examples
    --------
    >>> from crossmodal_edu.datasets.shop.truth import draw_truth
    >>> truth = draw_truth(np.random.default_rng(0))
    >>> picture = render(truth, np.random.default_rng(1))
    >>> picture.size, picture.mode
    ((96, 96), 'RGB')
    """
    hung = truth.type in _HUNG or (truth.type, truth.style) == ("lamp", "pendant")
    scene = backdrop(rng, size)
    balance = rng.uniform(0.94, 1.05) * rng.uniform(0.97, 1.03, size=3)

    flipped = bool(rng.random() < 0.35)
    side = 1.0 if flipped else -1.0  # where the light comes from: drawings are lit from the left
    scale = rng.uniform(0.72, 1.0)
    turn = float(np.clip(rng.normal(0, 5 if hung else 3.5), -12, 12))
    room = 50 - 45 * scale
    across, up = 50 + rng.uniform(-1, 1) * room, 50 + rng.uniform(-0.8, 1) * room
    angle = np.radians(turn)
    turned = (
        scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * [-side, 1.0]
    )
    pose = np.column_stack([turned, np.array([across, up]) - turned @ np.array([50, 50])])
    product = _painted(truth, pose, flipped, size, rng)
    if truth.material in _FUZZ:
        product = _fuzzy(product, _FUZZ[truth.material], rng)
    alpha = product[..., 3]
    scene = scene * (1 - _shadow(alpha, hung, side, rng))[..., None]
    scene = scene * (1 - alpha[..., None]) + _lit(product, truth.material, side)

    if rng.random() < 1 / 6 and (over := _in_the_way(alpha, rng)) is not None:
        scene = scene * (1 - 0.3 * _blur(_moved(over[..., 3], 0.0, 0.02 * size), 0.012 * size))[..., None]
        scene = scene * (1 - over[..., 3:]) + over[..., :3]

    return Image.fromarray(np.clip(255 * scene * balance + 0.5, 0, 255).astype(np.uint8), "RGB")
