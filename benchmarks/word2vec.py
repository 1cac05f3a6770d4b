"""Word2Vec beside gensim's: words a second on one and two threads, and what the vectors are worth.

``python -m benchmarks.word2vec --quick`` tries it on the small corpora with one seed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gensim
import numpy as np

from crossmodal_edu.classroom.gensim_texts import (
    gcide_sentences,
    load_analogies,
    load_similarity_test,
    wikipedia_sentences,
)
from crossmodal_edu.classroom.words import (
    analogy_accuracy,
    neighbours_of_a_kind,
    similarity_correlation,
    title_word_kinds,
)
from crossmodal_edu.datasets.fashion import load_fashion
from crossmodal_edu.text.corpus import Corpus
from crossmodal_edu.text.tokens import tokenise
from crossmodal_edu.text.word2vec import Word2Vec
from crossmodal_edu.text.wordvectors import WordVectors

SETTINGS = (
    "100 dimensions, window 5, 5 negatives, 5 epochs, minimum count 5, sample 1e-3, learning rate 0.025"
)
EPOCHS, SEEDS, THREADS = 5, (1, 2, 3), (2, 1)
Sentences = list[list[str]]


@dataclass(frozen=True)
class Run:
    """Seconds to count and number the words, seconds to train on them, and the vectors."""

    counting: float
    training: float
    vectors: WordVectors

    @property
    def whole(self) -> float:
        return self.counting + self.training


def ours(sentences: Sentences, threads: int, seed: int, architecture: str = "skip-gram") -> Run:
    start = time.perf_counter()
    corpus = Corpus.of(sentences, minimum_count=5)
    counted = time.perf_counter()
    model = Word2Vec.fit(
        corpus,
        epochs=EPOCHS,
        threads=threads,
        seed=seed,
        architecture=architecture,
        learning_rate=0.1 if architecture == "cbow" else 0.025,
        progress=False,
    )
    return Run(counted - start, time.perf_counter() - counted, model)


def gensims(sentences: Sentences, threads: int, seed: int, architecture: str = "skip-gram") -> Run:
    model = gensim.models.Word2Vec(
        vector_size=100,
        window=5,
        negative=5,
        epochs=EPOCHS,
        min_count=5,
        sample=1e-3,
        sg=int(architecture == "skip-gram"),
        workers=threads,
        seed=seed,
    )
    start = time.perf_counter()
    model.build_vocab(sentences)
    counted = time.perf_counter()
    model.train(sentences, total_examples=model.corpus_count, epochs=EPOCHS)
    seconds = time.perf_counter() - counted
    return Run(counted - start, seconds, WordVectors(model.wv.index_to_key, model.wv.vectors))


def quality(corpus: str) -> dict[str, Callable[[WordVectors], float]]:
    """What the vectors of a corpus are asked."""
    if corpus == "fashion":
        kinds = title_word_kinds(load_fashion().split("train"))
        return {"neighbours of a word's kind": lambda v: neighbours_of_a_kind(v, kinds)["all"].value}
    pairs = {name: load_similarity_test(name).pairs for name in ("wordsim353", "simlex999")}
    questions = load_analogies()
    return {
        "WordSim-353": lambda v: similarity_correlation(v, pairs["wordsim353"]).value,
        "SimLex-999": lambda v: similarity_correlation(v, pairs["simlex999"]).value,
        "analogies": lambda v: analogy_accuracy(v, questions).value,
    }


def spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main(quick: bool = False) -> str:
    corpora: dict[str, Sentences] = {
        "Wikipedia slice": list(wikipedia_sentences()),
        "fashion": [tokenise(product.title) for product in load_fashion().split("train")],
    }
    if not quick:
        corpora["gcide"] = list(gcide_sentences())
    seeds = SEEDS[: 1 if quick else None]
    # Both programs once on a few sentences: numba compiles, gensim loads what it loads late.
    for architecture in ("skip-gram", "cbow"):
        for run in (ours, gensims):
            run(corpora["Wikipedia slice"][:200], 1, 1, architecture)

    speed, worth = [], []
    for name, sentences in corpora.items():
        words = len(Corpus.of(sentences, minimum_count=5).tokens) * EPOCHS
        programs = {"this book": ours, "gensim": gensims}
        runs: dict[tuple[str, int], list[Run]] = {}
        for seed in seeds:  # in turn, so that both meet the same machine
            # One thread on the large corpus takes long, and its vectors are not asked for: one seed.
            for threads in THREADS if name != "gcide" or seed == seeds[0] else THREADS[:1]:
                for program, run in programs.items():
                    runs.setdefault((program, threads), []).append(run(sentences, threads, seed))
        for threads in THREADS:
            mine, theirs = runs["this book", threads], runs["gensim", threads]
            trained = [b.training / a.training for a, b in zip(mine, theirs, strict=True)]
            whole = [b.whole / a.whole for a, b in zip(mine, theirs, strict=True)]
            rates = [words / np.median([r.training for r in side]) / 1e6 for side in (mine, theirs)]
            speed.append(
                f"| {name} | {threads} | {rates[0]:.2f} | {rates[1]:.2f} | {np.median(trained):.1f} "
                f"({min(trained):.1f} to {max(trained):.1f}) | {np.median(whole):.1f} |"
            )
        if name != "gcide":
            for program, run in programs.items():
                runs[f"{program}, CBOW", 2] = [run(sentences, 2, seed, "cbow") for seed in seeds]
        for question, asked in quality(name).items():
            for (program, threads), side in runs.items():
                if threads == 2:
                    worth.append(
                        f"| {name} | {question} | {program} | {spread([asked(r.vectors) for r in side])} |"
                    )
    return f"""## Word2Vec beside gensim {gensim.__version__}

{SETTINGS} (CBOW of this book 0.1: it gives each word of a window its share of the gradient, gensim gives it
all). Side by side in one process, {len(seeds)} seed(s) (one thread on gcide: one), medians. Millions of words
a second in the training pass alone (a Corpus is ready, as after gensim's `build_vocab`); the last column is
the whole of `fit`, from lists of words. Compilation by numba is left out: both train on 200 sentences first.

| corpus | threads | this book | gensim | ratio (least to most) | ratio, whole |
|---|---|---|---|---|---|
{chr(10).join(speed)}

What the vectors are worth, two threads: mean over the seeds (least to most).

| corpus | question | program | value |
|---|---|---|---|
{chr(10).join(worth)}
"""


if __name__ == "__main__":
    print(main(quick="--quick" in sys.argv))
