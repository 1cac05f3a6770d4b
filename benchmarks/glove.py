"""Word vectors by counting: how fast, and how good beside Word2Vec on the same text, over three seeds.

The quality table takes long. ``python -m benchmarks.glove --corpora wikipedia --seeds 0`` measures a part of
it and keeps what was measured before by the same code; without options, as in ``python -m
benchmarks.run glove``, what is missing is measured. ``--quick`` prints one cheap part and stores nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from benchmarks.stored import fingerprint, store
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
from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.fashion import load_fashion, normalised
from crossmodal_edu.text.cooccurrence import PpmiSvd, count_cooccurrences
from crossmodal_edu.text.corpus import Corpus
from crossmodal_edu.text.glove import Cells, Glove, empty_cells, filled_cells
from crossmodal_edu.text.tokens import tokenise
from crossmodal_edu.text.word2vec import Word2Vec
from crossmodal_edu.text.wordvectors import WordVectors

NAME = "word_vectors"
SEEDS = (0, 1, 2)
CORPORA = ("wikipedia", "gcide", "fashion")
SHARED = {"dimensions": 100, "window": 5}
# Word2Vec goes over the small texts more often; GloVe as often as its authors do for 100 dimensions or fewer.
EPOCHS = {"Word2Vec": {"wikipedia": 20, "gcide": 5, "fashion": 20}, "GloVe": 25}
METHODS = (
    "Word2Vec",
    "gensim Word2Vec",
    "GloVe",
    "GloVe, w alone",
    "GloVe, x_max 10",
    "GloVe, x_max 10, window 10",
    "GloVe, x_max 10, empty cells",
    "PPMI + SVD",
    "control: words exchanged",
)
SETTINGS = {"minimum_count": 5, "seeds": SEEDS, "epochs": EPOCHS, "methods": METHODS, **SHARED}
CODE = [
    "benchmarks/glove.py",
    "crossmodal_edu/classroom/words.py",
    *(
        f"crossmodal_edu/text/{name}.py"
        for name in (
            "compiling",
            "cooccurrence",
            "corpus",
            "glove",
            "skipgram",
            "tokens",
            "word2vec",
            "wordvectors",
        )
    ),
]


def sentences(corpus: str) -> Iterator[list[str]]:
    if corpus == "wikipedia":
        return wikipedia_sentences()
    if corpus == "gcide":
        return gcide_sentences()
    titles = {normalised(product.title) for product in load_fashion().split("train")}
    return map(tokenise, sorted(titles))


def tests(corpus: str) -> dict[str, Callable]:
    """The tests of a corpus, each a function of vectors to a WordScore."""
    if corpus == "fashion":
        kinds = title_word_kinds(load_fashion().split("train"))
        return {"neighbours of a kind": lambda vectors: neighbours_of_a_kind(vectors, kinds)["all"]}
    similar = {name: load_similarity_test(name).pairs for name in ("wordsim353", "simlex999")}
    questions = load_analogies()
    return {
        "WordSim-353": lambda vectors: similarity_correlation(vectors, similar["wordsim353"]),
        "SimLex-999": lambda vectors: similarity_correlation(vectors, similar["simlex999"]),
        "analogies": lambda vectors: analogy_accuracy(vectors, questions),
    }


def fitted(corpus: Corpus, name: str, seed: int, threads: int) -> Iterator[tuple[str, WordVectors, float]]:
    """Each method's vectors, and the seconds they took; the counts are part of the time."""
    shared = {**SHARED, "seed": seed}
    runs = {
        "Word2Vec": lambda: Word2Vec.fit(
            corpus, epochs=EPOCHS["Word2Vec"][name], threads=threads, progress=False, **shared
        ),
        "gensim Word2Vec": lambda: gensim_word2vec(corpus, EPOCHS["Word2Vec"][name], seed, threads),
        "GloVe": lambda: glove(corpus, threads, **shared),
        "GloVe, x_max 10": lambda: glove(corpus, threads, **shared, x_max=10.0),
        "GloVe, x_max 10, window 10": lambda: glove(corpus, threads, **{**shared, "window": 10}, x_max=10.0),
        "GloVe, x_max 10, empty cells": lambda: glove_with_empty_cells(corpus, threads, seed),
        "PPMI + SVD": lambda: PpmiSvd.fit(corpus, **shared),
    }
    for method, run in runs.items():
        start = time.perf_counter()
        vectors = run()
        seconds = time.perf_counter() - start
        yield method, vectors, seconds
        if method == "PPMI + SVD":  # the same vectors, each that of another word
            order = np.random.default_rng(seed).permutation(len(vectors.words))
            exchanged = WordVectors([vectors.words[i] for i in order], vectors.vectors)
            yield "control: words exchanged", exchanged, seconds
        if method == "GloVe":
            yield "GloVe, w alone", WordVectors(vectors.words, vectors.parameters.words), seconds


def glove(corpus: Corpus, threads: int, **settings) -> Glove:
    return Glove.fit(corpus, epochs=EPOCHS["GloVe"], threads=threads, progress=False, **settings)


def glove_with_empty_cells(corpus: Corpus, threads: int, seed: int) -> Glove:
    """As many empty cells as there are filled ones."""
    counts = count_cooccurrences(corpus, SHARED["window"])
    both = filled_cells(counts, x_max=10.0), empty_cells(counts, counts.nnz, rng=seed)
    return Glove.fit_cells(
        corpus.words,
        Cells(*map(np.concatenate, zip(*both, strict=True))),
        dimensions=SHARED["dimensions"],
        epochs=EPOCHS["GloVe"],
        threads=threads,
        seed=seed,
        progress=False,
    )


def gensim_word2vec(corpus: Corpus, epochs: int, seed: int, threads: int) -> WordVectors:
    from gensim.models import Word2Vec as Reference

    text = [
        [corpus.words[token] for token in corpus.tokens[first:last]]
        for first, last in zip(corpus.starts, corpus.starts[1:], strict=False)
    ]
    model = Reference(
        text,
        vector_size=SHARED["dimensions"],
        window=SHARED["window"],
        sg=1,
        negative=5,
        sample=1e-3,
        min_count=1,
        epochs=epochs,
        seed=seed,
        workers=threads,
    )
    return WordVectors(model.wv.index_to_key, model.wv.vectors)


def measure(name: str, seed: int, threads: int) -> pd.DataFrame:
    """All methods and tests on one corpus with one seed."""
    corpus, rows, scores = Corpus.of(sentences(name)), [], tests(name)
    for method, vectors, seconds in fitted(corpus, name, seed, threads):
        for test, score in scores.items():
            result = score(vectors)
            rows.append((name, test, method, seed, result.value, result.covered, result.asked, seconds))
        print(f"{name}, seed {seed}: {method}, {seconds:.0f} s", flush=True)
    columns = ["corpus", "test", "method", "seed", "value", "covered", "asked", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def stored_so_far() -> tuple[pd.DataFrame | None, float]:
    """What was measured by this code with these settings, and how long it took."""
    table, record = (folders.data_folder() / "results" / f"{NAME}.{kind}" for kind in ("csv", "json"))
    if not (table.is_file() and record.is_file()):
        return None, 0.0
    made = json.loads(record.read_text(encoding="utf-8"))
    if made["fingerprint"] != fingerprint(SETTINGS, CODE):
        return None, 0.0
    return pd.read_csv(table), made["seconds"]


def word_vectors(corpora: tuple[str, ...], seeds: tuple[int, ...], threads: int) -> pd.DataFrame:
    """Measure what is not in the stored table yet, and store each part as soon as it is there."""
    table, seconds = stored_so_far()
    for name in corpora:
        for seed in seeds:
            if table is not None and ((table["corpus"] == name) & (table["seed"] == seed)).any():
                continue
            start = time.perf_counter()
            table = pd.concat([table, measure(name, seed, threads)], ignore_index=True)
            seconds += time.perf_counter() - start
            table = table.sort_values(
                ["corpus", "test", "method", "seed"],
                key=lambda column: column.map(METHODS.index) if column.name == "method" else column,
                ignore_index=True,
            )
            store(NAME, table, SETTINGS, CODE, seconds)
    return table


def speed(repeats: int = 3) -> str:
    """Counting and GloVe's passes on the Wikipedia slice: medians, one thread and two."""
    corpus = Corpus.of(wikipedia_sentences())
    times = []
    for _ in range(repeats + 1):  # the first one compiles
        start = time.perf_counter()
        counts = count_cooccurrences(corpus, SHARED["window"])
        times.append(time.perf_counter() - start)
    cells = filled_cells(counts)
    Glove.fit_cells(corpus.words, cells, epochs=1, progress=False)
    rates = {}
    for threads in (1, 2):
        passes = []
        for _ in range(repeats):
            start = time.perf_counter()
            Glove.fit_cells(corpus.words, cells, epochs=2, threads=threads, progress=False)
            passes.append((time.perf_counter() - start) / 2)
        rates[threads] = len(cells.rows) / float(np.median(passes))
    start = time.perf_counter()
    PpmiSvd.fit(corpus)
    whole = time.perf_counter() - start
    counted = len(corpus.tokens) / float(np.median(times[1:]))
    return (
        f"On the Wikipedia slice ({len(corpus.tokens):,} words, {len(corpus.words):,} different ones): "
        f"counting {counted / 1e6:.1f} million words a second into {counts.nnz:,} non-zero cells; GloVe, "
        f"{SHARED['dimensions']} dimensions, {rates[1] / 1e6:.2f} million non-zero cells a second on one "
        f"thread, {rates[2] / 1e6:.2f} on two ({rates[2] / rates[1]:.1f} times). "
        f"PPMI + SVD as a whole takes {whole:.1f} s, as long as "
        f"{whole * rates[1] / counts.nnz:.1f} epochs of GloVe on one thread."
    )


def as_markdown(table: pd.DataFrame) -> str:
    """Mean over the seeds, and lowest to highest; tests in columns."""
    groups = table.groupby(["method", "corpus", "test"], sort=False)["value"]
    cells = groups.agg(lambda v: f"{v.mean():.3f} ({v.min():.3f} to {v.max():.3f})").unstack([1, 2])
    cells = cells.reindex([name for name in METHODS if name in cells.index])
    heads = [f"{corpus}: {test}" for corpus, test in cells.columns]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    lines += [f"| {method} | {' | '.join(map(str, row))} |" for method, *row in cells.itertuples()]
    return "\n".join(lines)


def main(corpora: tuple[str, ...] = CORPORA, seeds: tuple[int, ...] = SEEDS, threads: int = 2) -> str:
    fast = speed()
    table = word_vectors(corpora, seeds, threads)
    return f"""## GloVe, and PPMI + SVD

{fast}

Quality on the same text and tests, {SHARED["dimensions"]} dimensions, window {SHARED["window"]}, minimum
count 5; mean of the seeds, and lowest to highest. WordSim and SimLex: rank correlation with people;
analogies: share right; fashion: share of the 10 nearest words of the same kind (colour, type or brand).

{as_markdown(table)}
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="fashion, seed 0, nothing stored")
    given = parser.parse_args()
    if given.quick:
        print(as_markdown(measure("fashion", 0, given.threads)))
    else:
        print(main(tuple(given.corpora), tuple(given.seeds), given.threads))
