from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from crossmodal_edu.errors import StorageError
from crossmodal_edu.modality import Modality
from crossmodal_edu.products import Product
from crossmodal_edu.results import Hit, Results
from crossmodal_edu.sheet import write_sheet


def test_a_sheet_shows_what_was_asked_and_found_and_needs_no_other_file(tmp_path):
    picture = tmp_path / "bag.png"
    Image.new("RGB", (900, 500), "red").save(picture)
    found = [Product("1", title="<b>bag</b>", image=picture), Product("2", image=b"damaged"),
             Product("3", title_zh="\u7ea2\u5305")]  # fmt: skip
    hits = tuple(Hit(rank, product, 0.5, Modality.TEXT, 0.5) for rank, product in enumerate(found, start=1))
    sound = np.zeros(8_000, np.float32)
    results = Results(hits, (Modality.TEXT,), ("a note & more",))
    write_sheet(["red <bag>", picture, sound], results, tmp_path / "found.html")
    page = (tmp_path / "found.html").read_text(encoding="utf-8")
    shown = ("“red &lt;bag&gt;”", "&lt;b&gt;bag&lt;/b&gt;", "cannot be opened", "红包", "a note &amp; more")
    assert [part for part in shown if part not in page] == []
    assert page.count("data:image/webp") == 2 and page.count("data:audio/ogg") == 1
    assert "http" not in page and len(page) < 20_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bag.png", "found.html"]


@pytest.mark.parametrize("name", ["found.png", "found", "gone/found.html"])
def test_a_name_that_is_no_page_is_refused_before_the_search(tmp_path, name):
    with pytest.raises(StorageError, match="cannot be written to"):
        write_sheet([], Results((), ()), tmp_path / name)
    assert not list(tmp_path.iterdir())
