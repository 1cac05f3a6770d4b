"""The built website: complete, self-contained, and readable without seeing the pictures."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.site

# Tags and attributes that make a browser fetch something by itself. An ordinary link (a, href) does not.
FETCHED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "image": ("href", "xlink:href"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
# Coverage S03: the terms that must be defined in English and in Chinese.
TERMS = {
    "cross-modal understanding": "跨模态理解",
    "cross-modal retrieval": "跨模态检索",
    "e-commerce search": "电商搜索",
    "deep learning": "深度学习",
    "convolutional neural network": "卷积神经网络",
    "recurrent neural network": "循环神经网络",
    "autoencoder": "自编码器",
    "modality": "模态",
    "semantic association": "语义关联",
    "embedding space": "嵌入空间",
    "multi-task learning": "多任务学习",
    "AI": "人工智能",
    "CNN": "卷积神经网络",
    "RNN": "循环神经网络",
    "GAN": "生成对抗网络",
    "NLP": "自然语言处理",
    "SGNS": "负采样跳字模型",
    "GRU": "门控循环单元",
    "MFCC": "梅尔频率倒谱系数",
    "STFT": "短时傅里叶变换",
    "CCA": "典型相关分析",
    "ANN": "近似最近邻",
    "R@K": "前 K 召回率",
    "mAP": "平均精度均值",
    "nDCG": "归一化折损累计增益",
}


class _Tags(HTMLParser):
    """All tags of a page with their attributes."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """The tags of every page, by its path."""
    html = (page for page in site.rglob("*.html") if "_static" not in page.parts)
    return {page.relative_to(site).as_posix(): _Tags(page).found for page in sorted(html)}


def test_every_page_of_the_contents_was_built(toc: list[str], site: Path) -> None:
    assert "book/index" in toc
    assert [name for name in toc if not (site / f"{name}.html").is_file()] == []


def test_every_notebook_is_a_chapter_of_the_contents(toc: list[str], root: Path) -> None:
    chapters = {f"notebooks/{path.stem}" for path in (root / "notebooks").glob("[0-9]*.ipynb")}
    assert chapters == {name for name in toc if name.startswith("notebooks/")}


def test_the_folder_opens_on_the_first_page(site: Path) -> None:
    assert "book/index.html" in (site / "index.html").read_text(encoding="utf-8")


def test_no_page_fetches_anything_from_another_host(pages) -> None:
    fetched = [
        (page, value)
        for page, tags in pages.items()
        for tag, attributes in tags
        for name in FETCHED.get(tag, ())
        if ELSEWHERE.match(value := attributes.get(name, "").strip())
        and attributes.get("rel") not in ("canonical", "license")
    ]
    assert fetched == []


def test_no_style_sheet_fetches_anything_from_another_host(site: Path) -> None:
    reference = re.compile(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//[^)'\"\s]*", re.IGNORECASE)
    found = [
        (sheet.name, match.group())
        for sheet in site.rglob("*.css")
        for match in reference.finditer(sheet.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_picture_says_what_it_shows(pages) -> None:
    missing = []
    for page, tags in pages.items():
        for tag, attributes in tags:
            alt = attributes.get("alt", "").strip()
            logo = "logo__image" in attributes.get("class", "")
            # What Sphinx writes when nobody gave a text is the path of the file.
            if (
                tag == "img"
                and not logo
                and (len(alt) < 15 or re.search(r"\.(png|jpe?g|svg|webp|gif)$", alt))
            ):
                missing.append((page, attributes.get("src"), alt))
            if tag == "svg" and attributes.get("role") == "img" and not attributes.get("aria-label"):
                missing.append((page, "svg", ""))
    assert missing == []


def _local_links(tags: list[tuple[str, dict[str, str]]]) -> Iterator[str]:
    for _, attributes in tags:
        for name in ("href", "src"):
            link = urlsplit(attributes.get(name, ""))
            if link.path and not link.scheme and not link.netloc:
                yield unquote(link.path)


def test_every_link_within_the_site_leads_somewhere(pages, site: Path) -> None:
    dead = {
        (page, link)
        for page, tags in pages.items()
        for link in _local_links(tags)
        if not (site / page).parent.joinpath(link).exists()
    }
    assert dead == set()


def test_every_anchor_within_the_site_is_there(pages) -> None:
    anchors = {
        page: {attributes[name] for _, attributes in tags for name in ("id", "name") if name in attributes}
        for page, tags in pages.items()
    }
    links = [
        (page, urlsplit(attributes["href"]))
        for page, tags in pages.items()
        for tag, attributes in tags
        if tag == "a" and "#" in attributes.get("href", "") and "//" not in attributes["href"]
    ]
    assert len(links) > 1000
    missing = set()
    for page, link in links:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(link.path)))
        target = target if link.path else page
        if unquote(link.fragment) not in {"", *anchors.get(target, ())}:
            missing.add((page, link.geturl()))
    assert missing == set()


def test_every_chapter_can_be_downloaded(toc: list[str], pages) -> None:
    for name in toc:
        if name.startswith("notebooks/"):
            links = [attributes.get("href", "") for tag, attributes in pages[f"{name}.html"] if tag == "a"]
            assert any(link.endswith(f"{name}.ipynb") for link in links), name


def test_every_page_names_its_licence(toc: list[str], site: Path) -> None:
    for name in toc:
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        assert "https://creativecommons.org/licenses/by/4.0/" in page, name


def test_every_module_has_a_place_in_the_reference(root: Path, site: Path) -> None:
    package = root / "crossmodal_edu"
    names = set()
    for file in package.rglob("*.py"):
        parts = file.relative_to(package).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if parts and not any(part.startswith("_") for part in parts):
            names.add(".".join(["crossmodal_edu", *parts]))
    reference = "".join(page.read_text(encoding="utf-8") for page in site.glob("book/api/*.html"))
    documented = set(re.findall(r'id="module-(crossmodal_edu[\w.]*)"', reference))
    assert names - documented == set(), "name it in a page of book/api/"


def test_the_terms_are_defined_in_english_and_chinese(root: Path) -> None:
    entries = re.findall(r"^(\S.*)\n: (.+)$", (root / "book/glossary.md").read_text(encoding="utf-8"), re.M)
    meanings = {term: (names.split(" · "), said) for names, said in entries for term in names.split(" · ")}
    for english, chinese in TERMS.items():
        names, said = meanings[english]
        assert chinese in names, english
        assert len(said.split()) >= 5, english


def test_every_source_can_be_looked_up(root: Path) -> None:
    entries = re.split(r"^@", (root / "book/references.bib").read_text(encoding="utf-8"), flags=re.MULTILINE)[
        1:
    ]
    assert len(entries) >= 30
    assert [entry[:40] for entry in entries if not re.search(r"\b(doi|eprint|url) = \{", entry)] == []
