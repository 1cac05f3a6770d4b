"""Words of a figure: none is a formula, a font is found that has them, and lines fit."""

from __future__ import annotations

import io
import logging
import warnings
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from crossmodal_edu.classroom.figures import lettering
from crossmodal_edu.classroom.figures.canvas import canvas
from crossmodal_edu.classroom.figures.lettering import fallback_families, wrapped

NO_FORMULAS = ["Gift card $25 or $50", "Ba$$ guitar strap", "Toy rocket $a_{b$ set", r"\frac ^_{}", r"a \$ b"]


def _draw(figure: Figure, kind: str = "png") -> None:
    figure.savefig(io.BytesIO(), format=kind)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    lettering._found.cache_clear()
    lettering._add_new_fonts.cache_clear()
    yield
    lettering._found.cache_clear()
    lettering._add_new_fonts.cache_clear()


@pytest.fixture
def fonts(monkeypatch):
    """A machine with other fonts: ``fonts(Latin="abc", Han="红")``; the first is the default."""

    def install(new: dict[str, str] | None = None, **families: str) -> list[str]:
        opened: list[str] = []
        has = {f"{name}.ttf": characters for name, characters in {**families, **(new or {})}.items()}

        def entry(name: str) -> SimpleNamespace:
            return SimpleNamespace(
                name=name.replace("_", " "), fname=f"{name}.ttf", style="normal", weight=400
            )

        entries = [entry(name) for name in families]
        manager = SimpleNamespace(
            ttflist=entries, addfont=lambda file: entries.append(entry(file.removesuffix(".ttf")))
        )
        monkeypatch.setattr(lettering, "fontManager", manager)
        monkeypatch.setattr(lettering, "findSystemFonts", lambda: list(has))
        monkeypatch.setattr(lettering, "_default_files", lambda: [entries[0].fname])
        monkeypatch.setattr(
            lettering, "_has", lambda file, some: opened.append(file) or set(some) & set(has[file])
        )
        return opened

    return install


@pytest.mark.parametrize("words", NO_FORMULAS)
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_dollar_is_a_dollar_wherever_it_stands(words, kind):
    figure = canvas(2, title=words)
    axis = figure.subplots()
    axis.set_title(words)
    axis.set_xlabel(words)
    axis.set_yticks([0, 1], [words, "b"])
    axis.annotate(words, (0.5, 0.5))
    axis.plot([0, 1], label=words)
    axis.legend()
    _draw(figure, kind)
    drawn = [text for text in figure.findobj(Text) if text.get_text() == words]
    assert len(drawn) >= 6
    assert not any(text.get_parse_math() for text in drawn)


def test_powers_of_ten_on_a_logarithmic_axis_are_still_written_as_such():
    figure = canvas(2)
    axis = figure.subplots()
    axis.semilogx([1, 1000], [0, 1])
    _draw(figure)
    labels = [label for label in axis.get_xticklabels() if label.get_text()]
    assert any("10^{3}" in label.get_text() for label in labels)
    assert all(label.get_parse_math() for label in labels)


def test_the_font_that_has_most_comes_first_and_one_without_serifs_before_another(fonts):
    fonts(
        Latin="abc",
        Ming="红色皮",
        Noto_Sans_CJK_JP="红色皮",
        Noto_Sans_CJK_SC="红色皮",
        Few_Sans="红",
        Bags="👜",
    )
    assert fallback_families("a红色皮") == ("Noto Sans CJK SC",)
    assert fallback_families("红👜皮") == ("Noto Sans CJK SC", "Bags")
    fonts(Latin="abc", Ming="색", Noto_Sans_KR="색")
    assert fallback_families("색") == ("Noto Sans KR",)


def test_fonts_of_boxes_and_coloured_pictures_are_not_taken(fonts, caplog):
    fonts(Latin="abc", Last_Resort_HE="红👜", LastResort="红", Noto_Color_Emoji="👜")
    assert fallback_families("红👜") == ()
    assert "红 👜" in caplog.text


def test_no_other_font_is_opened_for_what_the_default_has(fonts):
    opened = fonts(Latin="éü", Han="红")
    assert fallback_families("é ü\u200b") == ()
    assert set(opened) == {"Latin.ttf"}


def test_a_font_installed_since_matplotlib_made_its_list_is_found(fonts, caplog):
    fonts(Latin="abc", new={"Han": "红"})
    assert fallback_families("红") == ("Han",)
    assert not caplog.records


def test_a_file_that_is_no_font_any_more_has_nothing(tmp_path):
    damaged = tmp_path / "damaged.ttf"
    damaged.write_bytes(b"no font")
    assert lettering._has(str(damaged), {"a"}) == lettering._has(str(tmp_path / "gone.ttf"), {"a"}) == set()


def test_what_no_font_has_is_said_in_one_sentence_and_drawn_without_more(monkeypatch, caplog):
    monkeypatch.setattr(lettering, "findSystemFonts", list)
    private = "\U00100001\U00100002"  # given out by nobody: no font has them
    figure = canvas(2, title=f"bag {private}")
    figure.text(0.5, 0.5, private)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        _draw(figure)
        _draw(figure)
    assert not heard
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("No font on this machine can draw \U00100001 \U00100002;")
    many = {chr(0x100000 + i) for i in range(1, 40)}
    fallback_families(many)
    assert " …;" in caplog.records[1].getMessage() and len(caplog.records[1].getMessage()) < 120


def test_chinese_is_drawn_with_a_font_that_has_it(monkeypatch, caplog):
    figure = canvas(2, title="红色皮手袋 found")
    axis = figure.subplots()
    axis.set_xticks([0, 1], ["红", "bag"])
    _draw(figure)
    if caplog.records:
        pytest.skip("no font with Chinese characters on this machine")
    (title,) = [text for text in figure.findobj(Text) if text.get_text() == "红色皮手袋 found"]
    first, *others = title.get_fontfamily()
    assert first == "sans-serif" and len(others) == 1
    assert axis.get_xticklabels()[0].get_fontfamily() == [first, *others]


def test_a_font_that_is_found_stands_behind_the_default_once(monkeypatch):
    asked = []
    monkeypatch.setattr(
        lettering, "fallback_families", lambda signs: asked.append(signs) or ("DejaVu Serif",)
    )
    figure = canvas(2, title="bag 红")
    _draw(figure)
    _draw(figure)
    (title,) = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_text())
    assert title.get_fontfamily() == ["sans-serif", "DejaVu Serif"]
    assert asked and all(signs == {"红"} for signs in asked)


def test_lines_break_at_words_and_chinese_anywhere():
    assert wrapped("Red leather handbag with a long strap", 12, 2) == ["Red leather", "handbag …"]
    assert wrapped("红色皮手袋女士包", 6, 2) == ["红色皮", "手袋 …"]
    assert wrapped(" a\n\nb\tc\x07\x00 ", 12, 2) == ["a b c"]
    assert wrapped("", 12, 2) == wrapped("\n", 12, 2) == []
    assert wrapped("حقيبة يد", 12, 2) == ["حقيبة يد"]


@given(st.text(st.characters()), st.integers(4, 30), st.integers(1, 4))
def test_no_text_gives_more_or_longer_lines_than_asked_for(words, width, most):
    lines = wrapped(words, width, most)
    assert len(lines) <= most
    assert all(len(line) <= width for line in lines)
