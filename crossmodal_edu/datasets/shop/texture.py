"""What a surface looks like close up: the repeated figure of a pattern, the grain and sheen of a material.

Each is a small drawing in ``surfaces/``. A material has two paint servers in
black, white and warm tones, the fine ``grain`` and the broad ``sheen``. A
pattern is one tile in three inks: red stands for the accent colour, green for a
paler one, blue for leaves. Both are turned into pixels once and kept; for every
picture they are laid over the product's colour in its pose.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image

from crossmodal_edu.datasets.shop.backdrop import grid
from crossmodal_edu.datasets.shop.paint import Palette, darker, lighter, mix
from crossmodal_edu.datasets.shop.truth import Truth
from crossmodal_edu.errors import DataMissingError, extra

with extra("book"):
    import resvg_py

SURFACES_FOLDER = Path(__file__).parent / "surfaces"

Affine = Float[np.ndarray, "2 3"]

_ORIGIN, _EXTENT = -50, 200
"""Corner and side of the square that is kept as pixels, in units of a drawing: room for any pose."""


def read_shapes(path: Path) -> tuple[str, str]:
    """The ``viewBox`` of an SVG file and what stands between its outer tags, without comments.

    Raises
    ------
    DataMissingError
        If there is no such file, or no SVG in it.
    """
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r'<svg\b[^>]*?viewBox="([^"]*)"[^>]*>(.*)</svg>', source, flags=re.DOTALL)
    if found is None:
        raise DataMissingError(
            f"The drawing {path.name} is not installed.",
            accepted=f"An SVG file {path.name} in {path.parent}.",
            remedy="Reinstall the package; its artwork is incomplete.",
        )
    return found[1], re.sub(r"<!--.*?-->", "", found[2], flags=re.DOTALL)


def _rendered(view: str, width: int, height: int, content: str, background: str | None = None) -> Image.Image:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" preserveAspectRatio="none" '
        f'width="{width}" height="{height}">{content}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, background=background, skip_system_fonts=True)
    return Image.open(io.BytesIO(png)).convert("RGBA")


@lru_cache(maxsize=32)
def _pattern_raster(pattern: str, scale: float) -> Image.Image:
    """The weights of a pattern's three inks.

    Tiles of whole pixels, repeated here: drawn by resvg, their joints would show.
    """
    view, figure = read_shapes(SURFACES_FOLDER / f"{pattern}.svg")
    width, height = (float(part) for part in view.split()[2:])
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    tile = np.asarray(_rendered(view, across, down, figure, background="#000"))[..., :3]
    side = round(_EXTENT * scale)
    return Image.fromarray(np.tile(tile, (side // down + 1, side // across + 1, 1))[:side, :side])


@lru_cache(maxsize=32)
def _material_raster(material: str, scale: float) -> Image.Image:
    """The overlays of a material, premultiplied by their opacity."""
    overlays = read_shapes(SURFACES_FOLDER / f"{material}.svg")[1]
    box = f'x="{_ORIGIN}" y="{_ORIGIN}" width="{_EXTENT}" height="{_EXTENT}"'
    rects = "".join(f'<rect {box} fill="url(#{layer})"/>' for layer in ("grain", "sheen"))
    side, view = round(_EXTENT * scale), f"{_ORIGIN} {_ORIGIN} {_EXTENT} {_EXTENT}"
    return _rendered(view, side, side, f"<defs>{overlays}</defs>{rects}").convert("RGBa")


def _warped(raster: Image.Image, scale: float, to_drawing: Affine, size: int) -> Float[np.ndarray, "s s c"]:
    """The part of a raster that each pixel of the picture shows, values 0 to 1."""
    step = 100 / size  # units of the drawing per pixel of the picture
    to_raster = scale * np.column_stack([to_drawing[:, :2] * step, to_drawing[:, 2] - _ORIGIN])
    image = raster.transform(
        (size, size), Image.Transform.AFFINE, tuple(to_raster.ravel()), Image.Resampling.BILINEAR
    )
    return np.frombuffer(image.tobytes(), np.uint8).reshape(size, size, -1).astype(np.float32) / 255


def draw_layout(pattern: str, rng: np.random.Generator) -> Affine:
    """Draw how a pattern lies on the goods: its scale, angle and phase, as a map from drawing to pattern."""
    turns = {"striped": (0, 45, 90, 135), "checked": (0, 0, 45), "floral": (0, 20, 40)}.get(pattern, (0, 90))
    angle = np.radians(rng.choice(turns) + rng.uniform(-6, 6))
    stretch = 1 / rng.uniform(0.85, 1.3)
    turn = stretch * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centre = np.array([50, 50]) + rng.uniform(-10, 10, size=2)
    return np.column_stack([turn, centre - turn @ np.array([50, 50])])


def surface(
    truth: Truth, palette: Palette, layout: Affine, to_drawing: Affine, size: int
) -> tuple[Float[np.ndarray, "s s 4"], Float[np.ndarray, "s s 4"]]:
    """The main surface of a product over the whole frame, with and without its pattern.

    Parameters
    ----------
    truth : Truth
        The product.
    palette : Palette
        Its shades.
    layout : (2, 3)
        How the pattern lies on the drawing; see :func:`draw_layout`.
    to_drawing : (2, 3)
        The pose: from a place in the picture to the place of the drawing seen there, both in
        hundredths.
    size : int
        Width and height in pixels.

    Returns
    -------
    two arrays (size, size, 4)
        Colour, 0 to 1, premultiplied by the opacity in the last channel.
    """
    scale = 1.1 * size / 100
    x, y = grid(size)
    drawn_x, drawn_y = (100 * (row[0] * x + row[1] * y) + row[2] for row in to_drawing.astype(np.float32))
    # Lit from the upper left: paler there, deeper at the lower right.
    along = np.clip((76 * (drawn_x - 12) + 94 * (drawn_y - 4)) / (76**2 + 94**2), 0, 1)[..., None]
    near, middle, far = (
        np.array(c, np.float32)
        for c in (lighter(palette.main, 0.16), palette.main, darker(palette.main, 0.2))
    )
    base = np.where(
        along < 0.5, near + (middle - near) * 2 * along, middle + (far - middle) * (2 * along - 1)
    )
    finish = _warped(_material_raster(truth.material, scale), scale, to_drawing, size)
    opacity = 0.62 if truth.material == "glass" else 1.0

    def finished(colour: np.ndarray) -> np.ndarray:
        premultiplied = np.empty((size, size, 4), np.float32)
        premultiplied[..., :3] = colour * opacity
        premultiplied[..., 3] = opacity
        return premultiplied * (1 - finish[..., 3:]) + finish

    plain = finished(base)
    if truth.pattern == "plain":
        return plain, plain
    full = np.vstack([to_drawing, [0, 0, 1]])
    weights = _warped(_pattern_raster(truth.pattern, scale), scale, layout @ full, size)
    inks = np.array(
        [palette.accent, lighter(palette.accent, 0.55), mix(palette.accent, (0.2, 0.5, 0.25), 0.5)],
        np.float32,
    )
    return finished(base * (1 - weights.sum(axis=-1, keepdims=True)) + weights @ inks), plain
