"""The checks of chapter 06: weights by hand, masked attention, pooling, word pieces, and meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crossmodal_edu.classroom.checks.checking import NotYet, check, numbers, shaped, slip
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.text.attention import attention
from crossmodal_edu.text.wordpiece import longest_pieces, split_words


@check
def check_by_hand(answer: Any) -> str:
    """The weights for the products 4, 8 and 12 with d = 16, where the third key is padding."""
    given = numbers(answer).ravel()
    if len(given) != 3:
        raise NotYet("there are three keys, so three weights, the padding's among them.")
    scores, there = torch.tensor([4.0, 8, 12]), torch.tensor([True, True, False])
    right, everyone = _masked(scores / 4, there), (scores / 4).softmax(0)
    padding = "the third key is padding, and yet it gets the largest weight."
    raw = "those are the scores. Weights are positive and add up to 1."
    share = "you shared in proportion to the scores. A softmax shares in proportion to e to the score."
    wrong = {
        _masked(scores, there): "the products went into the softmax as they are. What does d = 16 change?",
        _masked(scores / 16, there): "that divides by d. The spread of a product grows like the root of d.",
        everyone: padding,
        scores.softmax(0): padding,
        (scores / 4 * there).softmax(0): "a score of 0 is not a weight of 0: e⁰ is 1. e to which power is 0?",
        everyone * there: "the padding was struck out after the softmax; the rest no longer adds up to 1.",
        scores / 4: raw,
        scores / 4 * there: raw,
        (1 / 3, 2 / 3, 0): share,
        (1 / 6, 1 / 3, 1 / 2): share,
        right[[1, 0, 2]]: "the first two are exchanged: the larger product gets the larger weight.",
        (0.3, 0.7, 0): "with two decimals, please.",
    }
    total = float(given.sum())
    otherwise = "first divide by √16, then e to each of the two that count, then by their sum."
    if abs(total - 1) > 0.02:
        otherwise = f"the weights add up to {total:.2f}, not to 1."
    slip(given, right, wrong, otherwise, atol=0.006)
    return "e¹ / (e¹ + e²) and e² / (e¹ + e²), and exactly 0 for the padding."


@check
def check_attention(attend: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> str:
    """Attention of one head: (t, d), (s, d), (s, v) and a mask (s,) to (t, v)."""
    generator = torch.Generator().manual_seed(6)
    present = torch.tensor([True, True, False, True, False])

    def tried(d: int) -> tuple[np.ndarray, Tensor, Tensor, Tensor]:
        sizes = ((3, d), (5, d), (5, 2))
        queries, keys, values = given = [torch.randn(size, generator=generator) for size in sizes]
        got = attend(*(x.clone() for x in given), present.clone())
        got = shaped(got, (3, 2), "3 queries and values of 2 numbers give 3 × 2")
        return got, queries @ keys.T, values, attention(queries, keys, values, present[None])

    got, scores, values, right = tried(d=4)
    if np.isnan(got).any():
        raise NotYet(
            "there is a NaN. 0 · ∞ makes one, and so does a softmax over nothing but −∞: "
            "along which dim do a query's shares run?"
        )
    seen = scores / 2
    undivided, turned, zeroed = _masked(scores, present), _masked(seen, ~present), (seen * present).softmax(1)
    after = "the mask came after the softmax: what the padding had taken is lost, rows sum to less than 1."
    column = "each column adds up to 1. A row belongs to a query: along which dim do its shares run?"
    wrong = {
        seen.softmax(1): "right but for the mask: the words that are not there were looked at too.",
        undivided: "right but for √d: with 384 numbers instead of 4, one word would take everything.",
        _masked(scores / 4, present): "that divides by d. How does the spread of a product grow with d?",
        turned: "you looked only at the padding: the mask says what is there. Turn it around.",
        seen.softmax(0) * present: column,
        seen.softmax(0): column,
        seen.softmax(1) * present: after,
        zeroed: "a masked score became 0, and e⁰ = 1 is a large share. e to which power is 0?",
        seen * present: "the scores themselves are no shares: nothing makes a row of them add up to 1.",
    }
    wrong = {weights @ values: hint for weights, hint in wrong.items()}
    otherwise = "scores, divided by √d, masked, a softmax along each row, then times the values."
    slip(got, right, wrong, otherwise, atol=1e-4)
    got, _, _, right = tried(d=9)
    slip(got, right, otherwise="right for d = 4, wrong for d = 9: is √d written in as a number?", atol=1e-4)
    return "shares of what is there, and nothing from the padding."


@check
def check_pieces(pieces: Callable[[str, Sequence[str]], Sequence[str]]) -> str:
    """One word and the known pieces to the longest pieces from the left."""
    names = ["tea", "teapot", "te", "##pot", "##ap", "##s", "##o", "a", "##a"]
    known = {piece: i for i, piece in enumerate(names)}

    def found(word: str) -> list:
        got = pieces(word, known)
        if isinstance(got, str):
            raise NotYet(f"a list of pieces is asked for, even of one; yours is the text {got!r}.")
        got = list(got)
        if any(isinstance(piece, (list, tuple)) for piece in got):
            raise NotYet(f"a list stands in the list: {got}. The pieces of the rest are a list already.")
        return got

    def shown(got: list) -> str:
        return ", ".join(map(str, got)) or "nothing"

    first, inside = found("teapots"), "inside a word a piece is looked up with ## in front: “##s”, not “s”."
    if first[:1] in (["tea"], ["te"]):
        raise NotYet("“teapot” is known and longer than “tea”. Try the longest beginning first.")
    wrong = {
        ("teapot", "s"): inside,
        ("teapot", "[UNK]"): inside,
        ("teapot",): "“teapots” has an s left over. Go on where the first piece ended.",
        ("[UNK]",): "“teapots” can be cut: teapot, ##s. Does your search stop before the last beginning?",
        ("##s", "teapot"): "the pieces come in the order of the word.",
    }
    slip(first, ["teapot", "##s"], wrong, f"“teapots” is teapot, ##s; yours gave {shown(first)}.")
    rest = found("teax")
    hint = f"no piece begins with the x of “teax”, and yours gave {shown(rest)}. What cannot be cut to its "
    slip(rest, ["[UNK]"], otherwise=hint + "end is [UNK] as a whole.")
    hint = "“teapo” is [UNK]: tea comes first, and nothing begins with po. A piece once taken is kept."
    slip(found("teapo"), ["[UNK]"], otherwise=hint)
    for word in ("tea", "teapot", "a", "aa", "teao", "xtea"):
        right, got = longest_pieces(word, known), found(word)
        slip(got, right, otherwise=f"“{word}” is {shown(right)}; yours gave {shown(got)}.")
    return "the longest known beginning, again and again, or one [UNK] for the whole word."


@check
def check_meaning(query: Any, kind: Any, first: Callable[[str], Product], catalog: Catalog) -> str:
    """A query without any word of the title that it finds, and the type of product that was meant."""
    if not isinstance(query, str) or not split_words(query):
        raise NotYet('a query is a string of words, such as "something to boil water in".')
    kinds = sorted({str(product.attributes["type"]) for product in catalog})
    kind = kind.strip().lower() if isinstance(kind, str) else kind
    if kind not in kinds:
        raise NotYet(f"{kind!r} is not a type of this shop. There are: {', '.join(kinds)}.")
    found = first(query)
    if (type_ := found.attributes["type"]) != kind:
        raise NotYet(f"first comes “{found.title}”, of the type {type_}, not {kind}. Say it otherwise.")
    if shared := sorted(set(split_words(query)) & set(split_words(found.title))):
        raise NotYet(
            f"“{found.title}” has {', '.join(shared)} in common with the query: "
            "counting words would find it too."
        )
    return f"“{found.title}” shares no word with “{query}”. A search that counts words gives it 0."


def _masked(scores: Tensor, seen: Tensor) -> Tensor:
    return scores.masked_fill(~seen, -torch.inf).softmax(dim=-1)
