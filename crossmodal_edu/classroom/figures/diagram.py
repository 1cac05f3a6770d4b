"""The pipeline from a query to ranked products, as a drawing that opens every chapter.

The drawing is written as SVG by hand: it takes the colour of the text around it, so
that it reads on light and on dark pages, and it comes in a wide and a narrow layout,
so that it reads on a phone. The same call gives the same characters every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from crossmodal_edu.errors import InputError

STAGES = (
    "input",
    "modality recognition",
    "text processing",
    "image processing",
    "audio processing",
    "feature extraction",
    "embedding space",
    "cross-modal retrieval",
    "ranked results",
)
"""The stages in the order in which a query passes them; it passes one of the three kinds of processing."""

# One hue per modality, readable on white and on black alike (at least 3 : 1 on both).
_TEXT, _IMAGE, _AUDIO, _HERE = "#2b87c8", "#d9601a", "#12956f", "#e69f00"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"

# Icons are drawn in a box of ±12 units around (0, 0).
_ICONS = {
    "input": '<circle cx="-2" cy="-2" r="7.5"/><path d="M3.5 3.5L10 10" stroke-width="3"/>',
    "modality recognition": (
        '<path d="M-11 0h5M-6 0C0 0-1-8 6-8M-6 0H6M-6 0C0 0-1 8 6 8"/>'
        f'<g stroke="none"><circle cx="8.5" cy="-8" r="3.4" fill="{_TEXT}"/>'
        f'<circle cx="8.5" cy="0" r="3.4" fill="{_IMAGE}"/>'
        f'<circle cx="8.5" cy="8" r="3.4" fill="{_AUDIO}"/></g>'
    ),
    "text processing": f'<path d="M-10-7H10M-10-1H6M-10 5H9M-10 11H1" stroke="{_TEXT}" stroke-width="2.4"/>',
    "image processing": (
        f'<g stroke="{_IMAGE}"><rect x="-11" y="-9" width="22" height="18" rx="2.5"/>'
        '<path d="M-10 6L-4-1L1 4L5 0L10 5"/><circle cx="4.5" cy="-4" r="1.8"/></g>'
    ),
    "audio processing": (
        f'<path d="M-10-2V2M-6-6V6M-2-11V11M2-4V4M6-8V8M10-3V3" stroke="{_AUDIO}" stroke-width="2.4"/>'
    ),
    "feature extraction": (
        '<g stroke="none" fill="currentColor"><rect x="-14" y="-5" width="6.4" height="10" opacity=".9"/>'
        '<rect x="-6.8" y="-5" width="6.4" height="10" opacity=".25"/>'
        '<rect x=".4" y="-5" width="6.4" height="10" opacity=".65"/>'
        '<rect x="7.6" y="-5" width="6.4" height="10" opacity=".4"/></g>'
    ),
    "embedding space": (
        '<path d="M-11-11V11H12" opacity=".55"/>'
        f'<g stroke="none"><circle cx="3" cy="-7" r="2.6" fill="{_TEXT}"/>'
        f'<circle cx="8.5" cy="-5" r="2.6" fill="{_IMAGE}"/>'
        f'<circle cx="4.5" cy="-1" r="2.6" fill="{_AUDIO}"/>'
        f'<circle cx="-6" cy="5" r="2.6" fill="{_IMAGE}"/><circle cx="-1" cy="7" r="2.6" fill="{_TEXT}"/></g>'
    ),
    "cross-modal retrieval": '<path d="M-11 10L10 6M-11 10L2-10M6 2.5L10.5 6L6.500 10M-3-7L2-10L3-4"/>'
    '<path d="M-1 8C-1 3-2 1-6 .5" opacity=".55"/>',
    "ranked results": '<path d="M-11-8H11M-11 0H4M-11 8H-3" stroke-width="4" stroke-linecap="butt"/>',
}


@dataclass(frozen=True)
class _Box:
    """Where one stage is drawn; ``beside`` puts its icon left of the words instead of above them."""

    stage: str
    x: int
    y: int
    width: int
    height: int
    beside: bool = False


_WIDE_BOXES = (
    _Box("input", 8, 66, 86, 88),
    _Box("modality recognition", 116, 66, 96, 88),
    _Box("text processing", 238, 12, 122, 56, beside=True),
    _Box("image processing", 238, 82, 122, 56, beside=True),
    _Box("audio processing", 238, 152, 122, 56, beside=True),
    _Box("feature extraction", 386, 66, 92, 88),
    _Box("embedding space", 502, 66, 92, 88),
    _Box("cross-modal retrieval", 618, 66, 98, 88),
    _Box("ranked results", 740, 66, 84, 88),
)
_WIDE_WIRES = (
    ("M94 110H116", "currentColor"),
    ("M212 110C228 110 222 40 238 40", _TEXT),
    ("M212 110H238", _IMAGE),
    ("M212 110C228 110 222 180 238 180", _AUDIO),
    ("M360 40C378 40 368 96 386 96", _TEXT),
    ("M360 110H386", _IMAGE),
    ("M360 180C378 180 368 124 386 124", _AUDIO),
    ("M478 110H502", "currentColor"),
    ("M594 110H618", "currentColor"),
    ("M716 110H740", "currentColor"),
)
_WIDE_MODULES = ((164, 179, "modality"), (548, 179, "spaces"), (667, 179, "retrieval"), (782, 179, "engine"))

_NARROW_BOXES = (
    _Box("input", 6, 14, 162, 54, beside=True),
    _Box("modality recognition", 192, 14, 162, 54, beside=True),
    _Box("text processing", 6, 106, 106, 90),
    _Box("image processing", 127, 106, 106, 90),
    _Box("audio processing", 248, 106, 106, 90),
    _Box("feature extraction", 6, 234, 162, 54, beside=True),
    _Box("embedding space", 192, 234, 162, 54, beside=True),
    _Box("cross-modal retrieval", 192, 322, 162, 54, beside=True),
    _Box("ranked results", 6, 322, 162, 54, beside=True),
)
_NARROW_WIRES = (
    ("M168 41H192", "currentColor"),
    ("M273 68C273 94 59 80 59 106", _TEXT),
    ("M273 68C273 92 180 82 180 106", _IMAGE),
    ("M273 68C273 88 301 86 301 106", _AUDIO),
    ("M59 196C59 212 64 214 64 234", _TEXT),
    ("M180 196C180 218 87 212 87 234", _IMAGE),
    ("M301 196C301 220 110 210 110 234", _AUDIO),
    ("M168 261H192", "currentColor"),
    ("M273 288V322", "currentColor"),
    ("M192 349H168", "currentColor"),
)


@dataclass(frozen=True)
class PipelineDiagram:
    """The drawing in both layouts; a notebook and the website show the one that fits.

    Attributes
    ----------
    here : str or None
        The stage that is marked.
    wide, narrow : str
        Complete SVG documents, 832 and 360 units wide.
    """

    here: str | None
    wide: str
    narrow: str

    def __repr__(self) -> str:
        stages = [*STAGES[:2], "text / image / audio processing", *STAGES[5:]]
        return " → ".join(stages) + (f"  (you are here: {self.here})" if self.here else "")

    def _repr_html_(self) -> str:
        # Container queries, not media queries: JupyterLab's side bar narrows the output, not the window.
        style = (
            ".pipeline{container-type:inline-size;margin:1rem 0}"
            ".pipeline svg{display:block;width:100%;height:auto;max-width:880px;margin:0 auto}"
            ".pipeline svg.narrow{display:none;max-width:420px}"
            "@container (max-width:560px){"
            ".pipeline svg.wide{display:none}.pipeline svg.narrow{display:block}}"
        )
        return f'<div class="pipeline"><style>{style}</style>{self.wide}{self.narrow}</div>'


def pipeline_diagram(here: str | None = None) -> PipelineDiagram:
    """The stages between a query and the ranked products, with one of them marked.

    Parameters
    ----------
    here : str, optional
        One of :data:`STAGES`: "you are here".

    Returns
    -------
    PipelineDiagram
        Shows itself as the last value of a notebook cell.

    Raises
    ------
    InputError
        If ``here`` names no stage.

    Notes
    -----
    Chapter 01.

    Examples
    --------
    >>> pipeline_diagram("audio processing")
    input → modality recognition → text / image / audio processing → feature extraction → embedding space → \
cross-modal retrieval → ranked results  (you are here: audio processing)
    """
    if here is not None and here not in STAGES:
        raise InputError(
            f"{here!r} is not a stage of the pipeline.",
            accepted=", ".join(STAGES) + ".",
            remedy="Use one of these names, or leave it out to mark none.",
        )
    wide = _svg("wide", 832, 220, _WIDE_BOXES, _WIDE_WIRES, here, _WIDE_MODULES)
    narrow = _svg("narrow", 360, 388, _NARROW_BOXES, _NARROW_WIRES, here, ())
    return PipelineDiagram(here, wide, narrow)


def _svg(
    layout: str,
    width: int,
    height: int,
    boxes: tuple[_Box, ...],
    wires: tuple[tuple[str, str], ...],
    here: str | None,
    modules: tuple[tuple[int, int, str], ...],
) -> str:
    described = (
        "A query, its modality recognised, goes through text, image or audio processing and feature "
        "extraction into one embedding space; cross-modal retrieval compares it with the products and "
        "returns ranked results."
    )
    if here:
        described += f" You are here: {here}."
    parts = [
        f'<svg class="{layout}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(described)}" font-family="{_FONT}" font-size="13" fill="currentColor">',
        f"<title>The search pipeline</title><desc>{escape(described)}</desc>",
        *(_wire(path, colour) for path, colour in wires),
        *(_stage(box, box.stage == here) for box in boxes),
        *(
            f'<text x="{x}" y="{y}" text-anchor="middle" font-family="{_MONO}" font-size="11" opacity=".7">'
            f"{name}</text>"
            for x, y, name in modules
        ),
        "</svg>",
    ]
    return "".join(parts)


def _wire(path: str, colour: str) -> str:
    """A line with an arrowhead: ``path`` is "M x y" and one of H, V or C."""
    kind = next(letter for letter in path if letter in "HVC")
    first, last = ([float(number) for number in part.split()] for part in path.removeprefix("M").split(kind))
    if kind == "H":
        x, y, dx, dy = last[0], first[1], (1 if last[0] > first[0] else -1), 0
    elif kind == "V":
        x, y, dx, dy = first[0], last[0], 0, 1
    else:  # a curve arrives along the line from its second control point
        x, y, level = last[4], last[5], last[3] == last[5]
        dx, dy = (1, 0) if level else (0, 1)
    head = (
        f"M{x - 6 * dx - 4 * dy:g} {y - 6 * dy - 4 * dx:g}L{x - dx:g} {y - dy:g}"
        f"L{x - 6 * dx + 4 * dy:g} {y - 6 * dy + 4 * dx:g}"
    )
    return (
        f'<path d="{path}{head}" fill="none" stroke="{colour}" stroke-width="1.6" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _stage(box: _Box, marked: bool) -> str:
    middle, bottom = box.x + box.width / 2, box.y + box.height
    frame = (
        f'fill="{_HERE}" fill-opacity=".22" stroke="{_HERE}" stroke-width="2.5"'
        if marked
        else 'fill="currentColor" fill-opacity=".05" '
        'stroke="currentColor" stroke-opacity=".45" stroke-width="1.2"'
    )
    parts = [f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="9" {frame}/>']
    words = box.stage.rsplit(" ", 1)
    if box.beside:
        icon_x, icon_y, text_x, anchor = box.x + 24, box.y + box.height / 2, box.x + 44, "start"
        text_y = icon_y + 4.5 - 8 * (len(words) - 1)
    else:
        icon_x, icon_y, text_x, anchor = middle, box.y + 26, middle, "middle"
        text_y = box.y + 57 + 8 * (2 - len(words))
    parts.append(
        f'<g transform="translate({icon_x:g} {icon_y:g})" fill="none" stroke="currentColor" '
        f'stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">{_ICONS[box.stage]}</g>'
    )
    for row, word in enumerate(words):
        parts.append(f'<text x="{text_x:g}" y="{text_y + 16 * row:g}" text-anchor="{anchor}">{word}</text>')
    if marked:
        parts.append(
            f'<rect x="{middle - 40:g}" y="{bottom - 8:g}" width="80" height="17" rx="8.5" fill="{_HERE}"/>'
            f'<text x="{middle:g}" y="{bottom + 4:g}" text-anchor="middle" font-size="11" fill="#1b1b1b">'
            "you are here</text>"
        )
    return "".join(parts)
