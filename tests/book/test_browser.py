"""The website in a real browser, opened from disk without a network: light, dark, and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

pytestmark = [pytest.mark.site, pytest.mark.browser]

SCREENS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}


class _Watched:
    """A page, and what it complained about and asked for."""

    def __init__(self, context) -> None:
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._miss)
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _miss(self, request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the next page was opened before this was loaded
            self.complaints.append(f"{request.failure}: {request.url}")

    def open(self, address: str) -> None:
        self.page.goto(address, wait_until="load")
        # Formulas are set after loading; on a page without any, this is done at once.
        self.page.evaluate("() => window.MathJax?.startup?.promise")

    def elsewhere(self) -> list[str]:
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:", "about:"))]


@pytest.fixture(scope="module", params=SCREENS)
def screen(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def context(browser, screen: str) -> Iterator:
    opened = browser.new_context(**SCREENS[screen], offline=True)
    yield opened
    opened.close()


@pytest.fixture
def watched(context) -> Iterator[_Watched]:
    page = _Watched(context)
    yield page
    page.page.close()


def test_every_page_opens_quietly_and_asks_nobody(watched: _Watched, site: Path, toc: list[str]) -> None:
    trouble = {}
    for name in [*toc, "search", "genindex"]:
        watched.complaints.clear()
        watched.requests.clear()
        watched.open((site / f"{name}.html").as_uri())
        if found := watched.complaints + watched.elsewhere():
            trouble[name] = found
    assert trouble == {}


def test_every_picture_is_there(watched: _Watched, site: Path, toc: list[str]) -> None:
    # A picture of a hidden theme is not loaded and has no size; what is shown must have one.
    script = """() => [...document.images].filter(i => i.offsetParent && !(i.complete && i.naturalWidth))
                                            .map(i => i.src)"""
    broken = {}
    for name in toc:
        watched.open((site / f"{name}.html").as_uri())
        if found := watched.page.evaluate(script):
            broken[name] = found
    assert broken == {}


def test_no_page_is_wider_than_the_screen(watched: _Watched, site: Path, toc: list[str]) -> None:
    wide = {}
    for name in toc:
        watched.open((site / f"{name}.html").as_uri())
        width, room = watched.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        if width > room:
            wide[name] = width
    assert wide == {}


def test_formulas_are_set(watched: _Watched, site: Path) -> None:
    watched.open((site / "book/notation.html").as_uri())
    assert watched.page.locator("mjx-container").count() > 20
    assert watched.page.locator("mjx-merror, .MathJax_Error").count() == 0
    # The fonts come from the folder as well: a letter of a formula has a width.
    assert watched.page.locator("mjx-container mjx-c").first.bounding_box()["width"] > 1


def test_the_page_is_as_light_or_dark_as_the_system(watched: _Watched, site: Path, screen: str) -> None:
    watched.open((site / "book/preface.html").as_uri())
    colour, ground = watched.page.evaluate(
        """() => [getComputedStyle(document.querySelector('.bd-article p')).color,
                  getComputedStyle(document.body).backgroundColor]
                 .map(rgb => rgb.match(/[\\d.]+/g).slice(0, 3).reduce((sum, c) => sum + Number(c), 0) / 3)"""
    )
    if screen == "dark":
        assert ground < 60 and colour > 170
    else:
        assert ground > 200 and colour < 90


def test_the_pipeline_has_the_layout_that_fits(watched: _Watched, site: Path, screen: str) -> None:
    watched.open((site / "book/index.html").as_uri())
    shown = watched.page.locator(".pipeline svg:visible")
    assert shown.count() == 1
    assert shown.get_attribute("class") == ("narrow" if screen == "phone" else "wide")
    # Its words are legible: their height on the screen, in pixels.
    assert shown.locator("text").first.bounding_box()["height"] >= 11


@pytest.mark.parametrize(
    ("words", "page"), [("cosine", "book/notation.html"), ("余弦相似度", "book/glossary.html")]
)
def test_the_search_finds(watched: _Watched, site: Path, words: str, page: str) -> None:
    watched.open(f"{(site / 'search.html').as_uri()}?q={quote(words)}")
    # Results appear one by one; this one has to be among them.
    watched.page.locator(f"#search-results li a[href*='{page}']").first.wait_for(timeout=20_000)
    assert watched.complaints == []
    assert watched.elsewhere() == []
