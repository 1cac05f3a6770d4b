"""Draw the picture on the landing page: the same wish as words, as a photo and as a voice.

python book/first_search.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crossmodal_edu.audio.speech import say
from crossmodal_edu.classroom.figures.pipeline import ranking_figure
from crossmodal_edu.datasets.shop import load_shop, truths
from crossmodal_edu.datasets.shop.pictures import render
from crossmodal_edu.engine import SearchEngine

WISH = {"type": "handbag", "colour": "red", "material": "leather"}


def main() -> None:
    """Search three times and write ``_static/first-search.webp``."""
    shop = load_shop()
    engine = SearchEngine.from_catalog(shop)
    right = shop.take(shop.where(WISH))
    wished = right.split("test")[0]
    photo = render(truths([wished])[0], np.random.default_rng(5), size=288)  # the same bag, seen anew
    queries = ["red leather handbag", photo, say("red leather handbag", "kate")]
    rankings = [(query, engine.search(query, 7)) for query in queries]
    figure = ranking_figure(rankings, {product.id for product in right})
    figure.savefig(Path(__file__).parent / "_static" / "first-search.webp")


if __name__ == "__main__":
    main()
