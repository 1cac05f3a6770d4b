"""The checks of chapter 06: weights by hand, masked attention, pooling, word pieces, and meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from crossmodal_edu.classroom.checks.checking import NotYet, check
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.text.attention import attention
from crossmodal_edu.text.wordpiece import longest_pieces, split_words


@check
def check_by_hand(answer: Any) -> str:
    """The weights for the products 4, 8 and 12 with d = 16, where the third key is padding."""
    given = torch.as_tensor(answer, dtype=torch.float64).flatten()
    if len(given) != 3:
        raise NotYet("there are three keys, so three weights, the padding's among them.")
    scores = torch.tensor([4.0, 8.0, 12.0], dtype=torch.float64)
    there, everyone = torch.tensor([True, True, False]), torch.ones(3, dtype=torch.bool)

    def softmax(divisor: float, seen: Tensor) -> Tensor:
        return (scores / divisor).masked_fill(~seen, -torch.inf).softmax(dim=0)

    def is_close(other: Tensor) -> bool:
        return torch.allclose(given, other.to(given), atol=0.006)

    if is_close(softmax(1, there)):
        raise NotYet("the products went into the softmax as they are. What does d = 16 do to them?")
    if is_close(softmax(16, there)):
        raise NotYet("that divides by d. The spread of a product grows like the root of d.")
    if is_close(softmax(4, everyone)) or is_close(softmax(1, everyone)):
        raise NotYet("the third key is padding, and yet it gets the largest weight.")
    if is_close(torch.where(there, scores / 4, 0.0).softmax(dim=0)):
        raise NotYet("a score of 0 is not a weight of 0: e⁰ is 1. Which number has e to it equal 0?")
    if is_close(torch.where(there, softmax(4, everyone), 0.0)):
        raise NotYet("the padding was struck out after the softmax, and the rest no longer adds up to 1.")
    if is_close(scores / 4) or is_close(torch.where(there, scores / 4, 0.0)):
        raise NotYet("those are the scores. Weights are positive and add up to 1.")
    if is_close(torch.tensor([1 / 3, 2 / 3, 0])) or is_close(torch.tensor([1 / 6, 1 / 3, 1 / 2])):
        raise NotYet(
            "you shared in proportion to the scores. A softmax shares in proportion to e to the score."
        )
    if abs(float(given.sum()) - 1) > 0.02:
        raise NotYet(f"the weights add up to {float(given.sum()):.2f}, not to 1.")
    if not is_close(softmax(4, there)):
        raise NotYet("first divide by √16, then e to each of the two that count, then by their sum.")
    return "e¹ / (e¹ + e²) and e² / (e¹ + e²), and exactly 0 for the padding."


@check
def check_attention(attend: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> str:
    """Attention of one head: (t, d), (s, d), (s, v) and a mask (s,) to (t, v)."""
    generator = torch.Generator().manual_seed(6)
    queries, keys = (torch.randn(n, 4, generator=generator) for n in (3, 5))
    values = torch.randn(5, 2, generator=generator)
    present = torch.tensor([True, True, False, True, False])
    got = torch.as_tensor(attend(queries.clone(), keys.clone(), values.clone(), present.clone()))
    if tuple(got.shape) != (3, 2):
        raise NotYet(f"3 queries and values of 2 numbers give 3 × 2; yours has the shape {tuple(got.shape)}.")
    scores = queries @ keys.T
    seen = scores / 2

    def mixed(weights: Tensor) -> bool:
        return torch.allclose(got, weights @ values, atol=1e-4)

    def shares(x: Tensor) -> Tensor:
        return x.masked_fill(~present, -torch.inf).softmax(dim=1)

    if got.isnan().any():
        raise NotYet(
            "there is a NaN: 0/0, where nothing was left to look at. True means that a word is there."
        )
    if mixed(seen.softmax(dim=1)):
        raise NotYet("right but for the mask: the words that are not there were looked at too.")
    if mixed(shares(scores)):
        raise NotYet("right but for √d: with 384 numbers instead of 4, one word would take everything.")
    if mixed(shares(scores / 4)):
        raise NotYet("that divides by d. The spread of a product grows like the root of d.")
    if mixed(seen.masked_fill(present, -torch.inf).softmax(dim=1)):
        raise NotYet("you looked only at the padding: the mask says what is there. Turn it around.")
    if mixed(seen.softmax(dim=0).masked_fill(~present, 0)) or mixed(seen.softmax(dim=0)):
        raise NotYet("each column adds up to 1. A row belongs to a query: along which dim do its shares run?")
    if mixed(seen.softmax(dim=1) * present):
        raise NotYet(
            "the mask came after the softmax: what the padding had taken is lost, rows sum to less than 1."
        )
    if mixed((seen * present).softmax(dim=1)):
        raise NotYet("a masked score became 0, and e⁰ = 1 is a large share. Which score has the share 0?")
    if torch.allclose(got, attention(queries, keys, values), atol=1e-4) or not torch.allclose(
        got, attention(queries, keys, values, present[None]), atol=1e-4
    ):
        raise NotYet("scores, divided by √d, masked, a softmax along each row, then times the values.")
    return "shares of what is there, and nothing from the padding."


@check
def check_pieces(pieces: Callable[[str, Sequence[str]], Sequence[str]]) -> str:
    """One word and the known pieces to the longest pieces from the left."""
    known = {
        piece: i for i, piece in enumerate(["tea", "teapot", "te", "##pot", "##ap", "##s", "##o", "a", "##a"])
    }

    def answer(word: str) -> list[str]:
        return list(pieces(word, known))

    first = answer("teapots")
    if first == ["tea", "##pot", "##s"] or first[:1] == ["te"]:
        raise NotYet("“teapot” is known and longer than “tea”. Try the longest beginning first.")
    if first in (["teapot", "s"], ["teapot", "[UNK]"]):
        raise NotYet("inside a word a piece is looked up with ## in front: “s” is not known, “##s” is.")
    if first == ["teapot"]:
        raise NotYet("“teapots” has an s left over. Go on where the first piece ended.")
    if first == ["[UNK]"]:
        raise NotYet("“teapots” can be cut: teapot, ##s. Does your search stop before the last beginning?")
    if first != ["teapot", "##s"]:
        raise NotYet(f"“teapots” is teapot, ##s; yours gave {', '.join(map(str, first)) or 'nothing'}.")
    rest = answer("teax")
    if rest != ["[UNK]"]:
        raise NotYet(
            "nothing known begins with the x of “teax”. A word that cannot be cut to its end is "
            f"[UNK] as a whole; yours gave {', '.join(map(str, rest)) or 'nothing'}."
        )
    for word in ("tea", "teapot", "a", "aa", "teao", "xtea"):
        right, given = longest_pieces(word, known), answer(word)
        if given != right:
            raise NotYet(
                f"“{word}” is {', '.join(right)}; yours gave {', '.join(map(str, given)) or 'nothing'}."
            )
    return "the longest known beginning, again and again, or one [UNK] for the whole word."


@check
def check_meaning(query: Any, kind: Any, first: Callable[[str], Product], catalog: Catalog) -> str:
    """A query without any word of the title that it finds, and the type of product that was meant."""
    if not isinstance(query, str) or not split_words(query):
        raise NotYet('a query is a string of words, such as "something to boil water in".')
    kinds = sorted({str(product.attributes["type"]) for product in catalog})
    if kind not in kinds:
        raise NotYet(f"{kind!r} is not a type of this shop. There are: {', '.join(kinds)}.")
    found = first(query)
    if found.attributes["type"] != kind:
        raise NotYet(
            f"first comes “{found.title}”, of the type {found.attributes['type']}, not {kind}. "
            "Say it otherwise."
        )
    shared = sorted(set(split_words(query)) & set(split_words(found.title)))
    if shared:
        raise NotYet(
            f"“{found.title}” has {', '.join(shared)} in common with the query: "
            "counting words would find it too."
        )
    return f"“{found.title}” shares no word with “{query}”. A search that counts words gives it 0."
