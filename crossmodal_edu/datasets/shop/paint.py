"""Paint for the drawings: a product's shades of colour, its trim and its brand mark as SVG paint servers.

A drawing in ``artwork/`` says only *where* its main surface, its trim or its
mark is. What these look like for one product is written here, as the
``<defs>`` that go in front of the drawing.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from crossmodal_edu.datasets.shop.attributes import BRANDS, COLOURS
from crossmodal_edu.datasets.shop.truth import Truth

RGB = tuple[float, float, float]

SURFACES = ("body", "plain")
"""The main surface of a drawing, with and without the pattern; see :mod:`.texture`."""

PAINTS = ("side", "trim", "trimdark", "metal", "dark", "pale", "screen")
"""What else a drawing may fill with, as ``fill="url(#trim)"``."""

CLASSES = {
    "shade": {"fill-opacity": "0.2"},
    "glow": {"fill-opacity": "0.32"},
    "seam": {"stroke-width": "0.8", "stroke-opacity": "0.42"},
    "line": {"stroke-width": "1.6"},
    "rod": {"stroke-width": "2"},
    "spine": {"stroke-width": "4"},
}
"""Classes a drawing may use, each with the attributes an element gets unless it sets its own."""

MARKS = {
    "star": "M0-5 1.3-1.7 4.8-1.5 2.1.7 3 4.1 0 2.2-3 4.1-2.1.7-4.8-1.5-1.3-1.7Z",
    "moon": "M1.6-4.8A5 5 0 1 0 4.6 2.6 4.2 4.2 0 0 1 1.6-4.8Z",
    "bolt": "M1.6-5-3.6.8H-.4L-1.8 5 3.7-1.3H.5Z",
    "drop": "M0-5C2-1.8 3.7-.2 3.7 1.7A3.7 3.4 0 0 1-3.7 1.7C-3.7-.2-2-1.8 0-5Z",
    "leaf": "M4.6-4.6C-1.6-4.9-5-1.8-4 2.6L-5 4.4-4.1 5-2.9 3.5C1.6 4.6 5 1.2 4.6-4.6Z",
    "triangle": "M0-4.6 5 4H-5Z",
    "ring": "M0-4.8A4.8 4.8 0 1 0 0 4.8 4.8 4.8 0 1 0 0-4.8ZM0-2.4A2.4 2.4 0 1 1 0 2.4 2.4 2.4 0 1 1 0-2.4Z",
    "cross": "M-1.5-4.8H1.5V-1.5H4.8V1.5H1.5V4.8H-1.5V1.5H-4.8V-1.5H-1.5Z",
    "heart": "M0 4.6C-4.6 1.2-5-.9-4.8-2.2-4.5-4.6-1.3-5 0-2.4 1.3-5 4.5-4.6 4.8-2.2 5-.9 4.6 1.2 0 4.6Z",
    "wave": "M-5-2.6C-3.3-5-1.7-5 0-2.6 1.7-.3 3.3-.3 5-2.6V-.2C3.3 2.1 1.7 2.1 0-.2-1.7-2.6-3.3-2.6-5-.2Z"
    "M-5 1.9C-3.3-.5-1.7-.5 0 1.9 1.7 4.2 3.3 4.2 5 1.9V4.3C3.3 6.6 1.7 6.6 0 4.3-1.7 1.9-3.3 1.9-5 4.3Z",
    "diamond": "M0-5 3.6 0 0 5-3.6 0Z",
    "square": "M-4-4H4V4H-4ZM-1.7-1.7V1.7H1.7V-1.7Z",
}
"""Outline of each brand mark in a box of ±5 units; holes by the even-odd rule."""


def css(colour: RGB) -> str:
    """The colour as SVG writes it."""
    return "#" + "".join(f"{round(255 * min(max(part, 0.0), 1.0)):02x}" for part in colour)


def mix(colour: RGB, other: RGB, share: float) -> RGB:
    """The colour with a share (0 to 1) of it replaced by the other."""
    return tuple((1 - share) * a + share * b for a, b in zip(colour, other, strict=True))  # type: ignore[return-value]


def lighter(colour: RGB, share: float) -> RGB:
    """The colour with a share of white, a warm one, mixed in."""
    return mix(colour, (1.0, 0.99, 0.97), share)


def darker(colour: RGB, share: float) -> RGB:
    """The colour with a share of a bluish black mixed in."""
    return mix(colour, (0.02, 0.02, 0.06), share)


def _luminance(colour: RGB) -> float:
    return 0.30 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def _named_colour(name: str, rng: np.random.Generator) -> RGB:
    """The named colour, moved a little: two dye lots of the same red are not equal."""
    code = next(colour.rgb for colour in COLOURS if colour.name == name)
    hue, light, saturation = colorsys.rgb_to_hls(*(int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    hue += rng.uniform(-0.010, 0.010)
    light *= rng.uniform(0.95, 1.04)
    saturation *= rng.uniform(0.92, 1.06)
    return colorsys.hls_to_rgb(hue % 1, min(light, 0.97), min(saturation, 1.0))


def _ramp(name: str, *colours: str) -> str:
    stops = "".join(
        f'<stop offset="{i / (len(colours) - 1):.2f}" stop-color="{c}"/>' for i, c in enumerate(colours)
    )
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="1" y2="1">{stops}</linearGradient>'


@dataclass(frozen=True)
class Palette:
    """The exact shades in which one copy of a product was made."""

    main: RGB
    accent: RGB
    mark: str


def draw_palette(truth: Truth, rng: np.random.Generator) -> Palette:
    """Draw the shades of a product's two colours and the finish of its mark.

    Where the two colours are close (navy and black), the accent is moved away from the
    main colour, so that a pattern can still be seen.
    """
    main, accent = _named_colour(truth.colour, rng), _named_colour(truth.accent, rng)
    if sum(abs(a - b) for a, b in zip(main, accent, strict=True)) < 0.45:
        accent = lighter(accent, 0.22) if _luminance(main) < 0.5 else darker(accent, 0.22)
    finishes = (
        ("#fbfaf5", "#f0d489", "#e3e7ee") if _luminance(main) < 0.56 else ("#1b1b22", "#2b2a3a", "#4a3312")
    )
    mark = finishes[rng.choice(3, p=(0.6, 0.2, 0.2))]
    if _luminance(main) < 0.2:
        main = lighter(main, 0.1)  # black needs some light to show its form
    return Palette(main, accent, mark)


def paint_servers(truth: Truth, palette: Palette, flipped: bool = False) -> str:
    """The SVG ``<style>`` and ``<defs>`` that paint a drawing as this product, but for its main surface.

    Parameters
    ----------
    truth : Truth
        The product.
    palette : Palette
        Its shades.
    flipped : bool
        Whether the drawing will be mirrored; the brand's mark is then mirrored back.

    Returns
    -------
    str
        SVG source, to be put in front of the drawing.

    Examples
    --------
    >>> from crossmodal_edu.datasets.shop.truth import draw_truth
    >>> rng = np.random.default_rng(0)
    >>> truth = draw_truth(rng)
    >>> source = paint_servers(truth, draw_palette(truth, rng))
    >>> all(f'id="{name}"' in source for name in PAINTS)
    True
    """
    main, accent = css(palette.main), css(palette.accent)
    outline = MARKS[next(brand.mark for brand in BRANDS if brand.name == truth.brand)]
    # Jeans are sewn with a yellow thread; other seams are a thin shadow.
    yellow = truth.material == "denim" and truth.colour not in ("yellow", "orange", "beige")
    strokes = {"seam": "#e8b45c" if yellow else "#08060f", "line": accent, "rod": "#aeb3bb", "spine": main}
    style = ".shade{fill:#06040f}.glow{fill:#fff}" + "".join(
        f".{name}{{fill:none;stroke:{colour};stroke-linecap:round;stroke-linejoin:round}}"
        for name, colour in strokes.items()
    )
    mirror = ' transform="scale(-1 1)"' if flipped else ""
    gap = 0.6 if truth.pattern == "plain" else 2.6  # a clear rim, so that the pattern does not touch the mark
    return (
        f"<style>{style}</style><defs>"
        + _ramp("side", css(darker(palette.main, 0.34)), css(darker(palette.main, 0.52)))
        + _ramp("trim", css(lighter(palette.accent, 0.2)), accent, css(darker(palette.accent, 0.18)))
        + _ramp("trimdark", css(darker(palette.accent, 0.25)), css(darker(palette.accent, 0.45)))
        + _ramp("metal", "#f7f8fa", "#b6bcc6", "#eceff3", "#8d949f")
        + _ramp("dark", "#3a3c44", "#17181c")
        + _ramp("pale", "#fffefa", "#e6e3da")
        + _ramp("screen", "#d6efff", "#5b9be0", "#23407f")
        + f'<g id="mark"><g{mirror} fill-rule="evenodd" stroke-linejoin="round">'
        f'<path d="{outline}" fill="{main}" stroke="{main}" stroke-width="{gap}"/>'
        f'<path d="{outline}" fill="{palette.mark}" stroke="{palette.mark}" stroke-width=".5"/>'
        "</g></g></defs>"
    )
