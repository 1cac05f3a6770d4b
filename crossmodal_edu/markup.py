"""Words without the HTML that shops' texts are written in."""

from __future__ import annotations

import re
from html import unescape

# Elements that begin a new line or cell, so that words on both sides of them stay two words …
_APART = {
    "address", "article", "aside", "blockquote", "body", "br", "button", "center", "dd", "div", "dl", "dt",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr",
    "html", "iframe", "img", "input", "label", "li", "link", "main", "meta", "nav", "ol", "option", "p",
    "pre", "section", "select", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul", "video",
}  # fmt: skip
# … and elements within a line.
_WITHIN = {
    "a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "svg", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
_SURE = {name for name in _APART | _WITHIN if len(name) > 1} | {"p", "script", "style"}
# Attributes, in whose quotation marks ">" may stand; or, if those do not pair, whatever there is.
_WITH = r"""\s(?:[^<>"']|"[^"<]*"|'[^'<]*')*|\s[^<>]*|"""
_TAG = re.compile(rf"<(/?)([a-z][a-z0-9]*)(?:{_WITH})/?>", re.IGNORECASE)
# What is never shown; without an end it reaches to the end of the text, as in a browser.
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)[\s>].*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)


def plain_words(text: str) -> str:
    """A text without tags and with its entities resolved; one that is no HTML stays as it is.

    The standard library's ``html.parser`` is not used: a text of 120,000 characters with tags
    that never end keeps it busy for minutes, and this for milliseconds.

    Examples
    --------
    >>> plain_words("<p>Soft <b>leather</b> &amp; brass</p>")
    'Soft leather & brass'
    >>> plain_words("a < b and c > d, size <M>")
    'a < b and c > d, size <M>'
    """
    if "<" in text:
        tags = [(closing, name.lower()) for closing, name in _TAG.findall(text)]
        # "<S>" is a size until something closes it.
        known = _SURE | {name for closing, name in tags if closing and name in _WITHIN}

        def shown(tag: re.Match[str]) -> str:
            name = tag[2].lower()
            return tag[0] if name not in known else " " if name in _APART else ""

        if any(name in known for _, name in tags):
            return " ".join(unescape(_TAG.sub(shown, _HIDDEN.sub(" ", text))).split())
    return unescape(text) if "&" in text and _ENTITY.search(text) else text
