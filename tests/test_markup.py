"""Words out of HTML, and texts that only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmodal_edu.markup import plain_words


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>Soft <b>leather</b> &amp; brass</p>", "Soft leather & brass"),
        ("<P>Soft</P>\n<P>brown</P>", "Soft brown"),
        ("<ul><li>red<li>blue</ul>", "red blue"),
        ("one<br>two<br/>three<br />four", "one two three four"),
        ("<B>L</B>eather", "Leather"),
        ("<table><tr><td>1</td><td>2</td></table>", "1 2"),
        ("<a href=\"a>b\">link</a> <img alt='it's'>", "link"),
        ("a <!-- <b>not</b> shown --> b<br>", "a b"),
        ("<script>var x = 1 < 2</script>red <style>p {}</style>bag", "red bag"),
        ("<p>a &lt;b&gt; c</p>", "a <b> c"),
        ("Salt &amp; Pepper", "Salt & Pepper"),
        ("caf&eacute; &#20013;&#x6587;", "café 中文"),
        ("<p>5 < 6, size <M>, <me@shop.com></p>", "5 < 6, size <M>, <me@shop.com>"),
        ("<p></p>", ""),
        ("<p>never closed", "never closed"),
        ("<s>20</s> 15", "20 15"),
    ],
)
def test_html_is_taken_out(html, words):
    assert plain_words(html) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Red bag",
        "a < b and c > d",
        "a<b && c>d",
        "size <M>",
        "size <S>, <B>",
        "i <3 you",
        "AT&T; R&D & more",
        "H&amp M",
        "two  spaces\nand a line",
        "<custom>",
        "5 <b",
        "x <!-- y",
    ],
)
def test_what_is_no_html_stays_as_it_is(text):
    assert plain_words(text) == text


@given(st.text("<>/ab pli&;#x'\"=!-", max_size=40))
def test_anything_is_read(text):
    assert isinstance(plain_words(text), str)


@pytest.mark.parametrize("piece", ["<a ", "<p a='", "<!--", "<script>", "</", "&#", "<", "<a 'x"])
def test_tags_that_never_end_do_not_hold_up(piece):
    """Where the cost grows with the square of the length, this takes minutes instead of milliseconds."""
    text = "<p>red</p>" + 40_000 * piece
    assert plain_words(text).startswith("red")
