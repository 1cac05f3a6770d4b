"""Draw the picture on the landing page: the same wish as words, as a photo and as a voice.

python book/first_search.py
"""

from __future__ import annotations

from pathlib import Path

from crossmodal_edu.audio.speech import say
from crossmodal_edu.datasets.shop import load_shop
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.plots.rankings import ranking_figure, save_sheet

WISH = {"type": "handbag", "colour": "red"}


def main() -> None:
    """Search three times and write ``_static/first-search.webp``."""
    test = load_shop().split("test")
    engine = SearchEngine.from_catalog(test)
    wished = test[test.where(WISH)[0]]
    queries = ["red leather handbag", wished.image, say("red leather handbag", "kate")]
    # The photo shall find other products, not the very one that it shows.
    rankings = [
        (
            query,
            [
                hit
                for hit in engine.search(query, 9, "image")
                if query is not wished.image or hit.score < 0.999
            ][:8],
        )
        for query in queries
    ]
    right = {test[position].id for position in test.where(WISH)}
    save_sheet(ranking_figure(rankings, right), Path(__file__).parent / "_static" / "first-search.webp")


if __name__ == "__main__":
    main()
