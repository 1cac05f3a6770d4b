"""Running text to learn word vectors from, and lists of word pairs and analogies to measure them by.

The Wikipedia slice and the word tests come inside the gensim package, so that they need no
download. ``gcide``, a public dictionary of five million words, does not ship: Debian and Ubuntu
have it as ``dict-gcide``.
"""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from gensim.corpora.wikicorpus import extract_pages, filter_wiki

from crossmodal_edu.datasets import folders
from crossmodal_edu.errors import DataMissingError
from crossmodal_edu.text.tokens import tokenise

_WIKIPEDIA = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
_SIMILARITY_TESTS = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}
_SHORTEST_LINE = 5  # words; below that it is a heading or what is left of a table


class WordPair(NamedTuple):
    """Two words and how alike people find them, from 0 to 10."""

    first: str
    second: str
    human: float


class Analogy(NamedTuple):
    """``a`` is to ``b`` as ``c`` is to ``d``; ``section`` says of which kind it is."""

    section: str
    a: str
    b: str
    c: str
    d: str


@dataclass(frozen=True)
class SimilarityTest:
    """A list of word pairs with the judgements of people, such as WordSim-353."""

    name: str
    pairs: tuple[WordPair, ...]


def wikipedia_sentences() -> Iterator[list[str]]:
    """Paragraphs of 107 articles of the English Wikipedia, 465,000 words in all.

    Yields
    ------
    list of str
        One paragraph, of at least five words.

    Notes
    -----
    The slice is part of the gensim package; text of Wikipedia, CC BY-SA.
    """
    with bz2.open(_gensim_file(_WIKIPEDIA)) as file:
        for _, text, _ in extract_pages(file, filter_namespaces=("0",)):
            if not text.lstrip().lower().startswith("#redirect"):
                for line in filter_wiki(text).splitlines():
                    words = tokenise(line)
                    if len(words) >= _SHORTEST_LINE:
                        yield words


def gcide_sentences() -> Iterator[list[str]]:
    """Paragraphs of the Collaborative International Dictionary of English, five million words.

    Yields
    ------
    list of str
        One entry, or one of the senses of a word.

    Raises
    ------
    DataMissingError
        If ``corpora/gcide.txt.gz`` is not on this machine.

    Notes
    -----
    GPL; based on Webster's dictionary of 1913. Used by the benchmarks of word vectors.
    """
    path = folders.find("corpora") / "gcide.txt.gz"
    if not path.is_file():
        raise DataMissingError(
            f"The dictionary is not on this machine: {path} is missing.",
            accepted="the text of GCIDE, compressed by gzip.",
            remedy="On Debian: apt-get install dict-gcide; dictzcat its .dict.dz file into it.",
        )
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        for blank, lines in groupby(file, key=lambda line: not line.strip()):
            if not blank:
                # Lines such as [1913 Webster] name the source of what stands above them.
                words = tokenise(" ".join(line for line in lines if not line.lstrip().startswith("[")))
                if words:
                    yield words


def load_similarity_test(name: str) -> SimilarityTest:
    """Word pairs that people have judged: "wordsim353" or "simlex999".

    WordSim-353 asks how *related* two words are (coffee and cup: very), SimLex-999 how *alike*
    (coffee and cup: hardly).

    Raises
    ------
    DataMissingError
        If there is no test of that name.

    Notes
    -----
    Finkelstein et al. (2002); Hill, Reichart, Korhonen (2015).

    Examples
    --------
    >>> load_similarity_test("simlex999").pairs[0]
    WordPair(first='old', second='new', human=1.58)
    """
    if name not in _SIMILARITY_TESTS:
        raise DataMissingError(
            f"There is no similarity test {name!r}.",
            accepted=" or ".join(_SIMILARITY_TESTS) + ".",
            remedy="Name one of these.",
        )
    pairs = []
    for line in _gensim_file(_SIMILARITY_TESTS[name]).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            first, second, human = line.split("\t")
            pairs.append(WordPair(first.lower(), second.lower(), float(human)))
    return SimilarityTest(name, tuple(pairs))


def load_analogies() -> list[Analogy]:
    """19,544 questions of the kind "Athens is to Greece as Bangkok is to …", in small letters.

    Notes
    -----
    Mikolov, Chen, Corrado, Dean (2013), section 4.1.

    Examples
    --------
    >>> load_analogies()[0]
    Analogy(section='capital-common-countries', a='athens', b='greece', c='baghdad', d='iraq')
    """
    questions, section = [], ""
    for line in _gensim_file("questions-words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(":"):
            section = line[1:].strip()
        elif line.strip():
            questions.append(Analogy(section, *line.lower().split()))
    return questions


def _gensim_file(name: str) -> Path:
    """A file of gensim's test data; found without importing gensim."""
    found = find_spec("gensim")
    path = Path(found.submodule_search_locations[0] if found else "gensim", "test", "test_data", name)
    if not path.is_file():
        raise DataMissingError(
            f"{name}, which comes with gensim, is missing: this copy of gensim is "
            + ("not whole." if found else "not installed."),
            accepted="gensim as it comes from pip.",
            remedy="Run: python -m pip install --force-reinstall --no-deps gensim",
        )
    return path
