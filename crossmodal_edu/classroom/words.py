"""How good are word vectors? Human judgements, analogies, and the kinds of a shop's words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from crossmodal_edu.classroom.gensim_texts import Analogy, WordPair
from crossmodal_edu.errors import MetricError
from crossmodal_edu.products import Catalog
from crossmodal_edu.text.tokens import tokenise
from crossmodal_edu.text.wordvectors import WordVectors

_BATCH = 512  # analogies at a time: a table of 512 by the vocabulary


@dataclass(frozen=True)
class WordScore:
    """What a word test gave, and on how much of it: questions with an unknown word are left out.

    Examples
    --------
    >>> print(WordScore(0.4512, covered=320, asked=353))
    0.451 (320 of 353)
    """

    value: float
    covered: int
    asked: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.covered:,} of {self.asked:,})"


def similarity_correlation(vectors: WordVectors, pairs: Sequence[WordPair]) -> WordScore:
    """Spearman's rank correlation between the cosines of word pairs and what people say of them.

    Parameters
    ----------
    vectors : WordVectors
    pairs : sequence of WordPair

    Returns
    -------
    WordScore
        From −1 to 1; 0 for vectors that know nothing.

    Raises
    ------
    MetricError
        If fewer than three pairs consist of known words.

    Notes
    -----
    Used in Chapter 03. Finkelstein et al. (2002); Hill, Reichart, Korhonen (2015).
    """
    known = [pair for pair in pairs if pair.first in vectors and pair.second in vectors]
    _check_enough(len(known), 3, "pairs of known words")
    cosines = [vectors.similarity(pair.first, pair.second) for pair in known]
    correlation = spearmanr(cosines, [pair.human for pair in known]).statistic
    return WordScore(float(correlation), len(known), len(pairs))


def analogy_accuracy(vectors: WordVectors, questions: Sequence[Analogy]) -> WordScore:
    """The share of analogies whose answer is the nearest word to ``b − a + c`` (its three words left out).

    Parameters
    ----------
    vectors : WordVectors
    questions : sequence of Analogy

    Returns
    -------
    WordScore
        From 0 to 1.

    Raises
    ------
    MetricError
        If no question consists of known words.

    Notes
    -----
    Used in Chapter 03. Mikolov, Chen, Corrado, Dean (2013), section 4.1.
    """
    known = [question for question in questions if all(word in vectors for word in question[1:])]
    _check_enough(len(known), 1, "analogies of known words")
    right = 0
    for start in range(0, len(known), _BATCH):
        a, b, c, d = np.array(
            [[vectors.row(word) for word in question[1:]] for question in known[start : start + _BATCH]]
        ).T
        scores = (vectors.units[b] - vectors.units[a] + vectors.units[c]) @ vectors.units.T  # (batch, v)
        rows = np.arange(len(a))
        for given in (a, b, c):
            scores[rows, given] = -np.inf
        right += int((scores.argmax(axis=1) == d).sum())
    return WordScore(right / len(known), len(known), len(questions))


def neighbours_of_a_kind(vectors: WordVectors, kinds: Mapping[str, str], k: int = 10) -> dict[str, WordScore]:
    """For each kind, the share of its words' k nearest neighbours that are of the same kind.

    Parameters
    ----------
    vectors : WordVectors
    kinds : mapping of word to kind
        Such as "red" to "colour". Neighbours are sought among all words of ``vectors``; one
        that has no kind counts as another kind.
    k : int

    Returns
    -------
    dict of kind to WordScore
        And the mean over all words under "all"; 1 is reached only by kinds of more than k words.

    Raises
    ------
    MetricError
        If no word is known.

    Notes
    -----
    Used in Chapter 03.
    """
    known = {word: kind for word, kind in kinds.items() if word in vectors}
    _check_enough(len(known), 1, "known words with a kind")
    shares: dict[str, list[float]] = defaultdict(list)
    for word, kind in known.items():
        same = [kinds.get(near.word) == kind for near in vectors.most_similar(word, k)]
        for group in (kind, "all"):
            shares[group].append(sum(same) / k)
    asked = Counter(kinds.values()) + Counter({"all": len(kinds)})
    return {
        kind: WordScore(float(np.mean(values)), len(values), asked[kind]) for kind, values in shares.items()
    }


def title_word_kinds(
    catalog: Catalog, attributes: Iterable[str] = ("colour", "type"), minimum_count: int = 20
) -> dict[str, str]:
    """Words of a catalogue's titles whose kind is known: values of attributes, and brands.

    A word is of an attribute's kind if it is a whole value of it ("red" of colour). A brand is a
    word that stands first in at least ``minimum_count`` titles, and in nine of ten that hold it,
    as is the custom of the fashion shop.

    Parameters
    ----------
    catalog : Catalog
    attributes : iterable of str
    minimum_count : int

    Returns
    -------
    dict of word to kind
        Words of two kinds ("orange") are left out.

    Notes
    -----
    Used in Chapter 03.
    """
    kinds: dict[str, set[str]] = defaultdict(set)
    everywhere, in_front = Counter(), Counter()
    for product in catalog:
        for name in attributes:
            words = tokenise(str(product.attributes.get(name, "")))
            if len(words) == 1:
                kinds[words[0]].add(name)
        words = tokenise(product.title)
        everywhere.update(set(words))
        in_front.update(words[:1])
    for word, count in in_front.items():
        if count >= minimum_count and count >= 0.9 * everywhere[word]:
            kinds[word].add("brand")
    return {word: min(of) for word, of in kinds.items() if len(of) == 1 and everywhere[word] >= minimum_count}


def _check_enough(found: int, needed: int, what: str) -> None:
    if found < needed:
        raise MetricError(
            f"There are {found} {what}.",
            accepted=f"at least {needed}.",
            remedy="Learn from more text or with a smaller minimum_count, so that more words are known.",
        )
