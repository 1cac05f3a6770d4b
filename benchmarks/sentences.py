"""Which sentence vector finds the right title? The table of chapter 05.

``python -m benchmarks.run sentences`` makes all of it and stores it; ``python -m benchmarks.sentences
shop`` makes one part (shop, chinese or fashion) and prints it, with ``--quick`` after one pass over the data.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from benchmarks.stored import store
from crossmodal_edu.datasets.fashion import load_fashion, normalised
from crossmodal_edu.datasets.shop import load_shop
from crossmodal_edu.evaluation.intervals import (
    bootstrap_interval,
    chance_average_precision,
    paired_difference,
)
from crossmodal_edu.evaluation.metrics import hit_at_k, recall_at_k, reciprocal_rank
from crossmodal_edu.evaluation.relevance import Relevance, rank_relevant
from crossmodal_edu.modality import Modality
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.retrieval.ranking import normalise
from crossmodal_edu.spaces.contrastive import contrastive_loss
from crossmodal_edu.text.cnn import TextCNN
from crossmodal_edu.text.recurrent import GRUReader
from crossmodal_edu.text.sentence_bert import MiniLM
from crossmodal_edu.text.sentences import (
    MeanReader,
    SentenceEncoder,
    SentenceMean,
    idf_weights,
    sif_weights,
    train_on_pairs,
)
from crossmodal_edu.text.tokens import segment, tokenise
from crossmodal_edu.text.word2vec import Word2Vec
from crossmodal_edu.text.wordvectors import WordVectors

Embed = Callable[[Sequence[str]], Tensor]

SETTINGS = {
    "word2vec": {"dimensions": 100, "minimum_count": 2, "epochs": {"shop": 30, "chinese": 30, "fashion": 10}},
    "a": [1e-3, 1e-2, 1e-1, 1.0],
    "dimensions_random": [100, 1000],
    "readers": {"mean": 100, "cnn": {"filters": 48, "sizes": [1, 2, 3]}, "gru": 96},
    "epochs": {"shop": 20, "chinese": 20, "fashion": 4},
    "learning_rate": {"shop": 1e-2, "chinese": 1e-2, "fashion": 5e-3},
    "batch_size": {"shop": 128, "chinese": 128, "fashion": 256},
    "seeds": {"shop": 3, "chinese": 1, "fashion": 1},
    "samples": 1000,
}
CODE = [
    "benchmarks/sentences.py",
    "crossmodal_edu/padding.py",
    *(
        f"crossmodal_edu/text/{name}.py"
        for name in (
            "attention",
            "bert",
            "cnn",
            "recurrent",
            "sentence_bert",
            "sentences",
            "skipgram",
            "tokens",
            "word2vec",
            "wordpiece",
        )
    ),
]
ATTRIBUTES = ("brand", "colour", "pattern", "accent", "material", "style", "type")


class Method(NamedTuple):
    """One way to make vectors: one embedding, or one for each seed."""

    name: str
    kind: str
    tokens: str
    embeds: Sequence[Embed]
    setting: str = ""


@dataclass
class Search:
    """One way of asking: queries, and which titles are right for each.

    ``per_unit`` consecutive queries belong to one product; their mean is one finding.
    """

    name: str
    queries: list[str]
    relevant: Relevance
    per_unit: int = 1


@dataclass
class Part:
    """One collection: what may be learned from, and the searches it is measured by."""

    name: str
    pairs: list[tuple[str, list[str]]]  # training side: (title, descriptions)
    titles: list[str]  # the gallery, test side
    searches: list[Search]
    validation: tuple[list[str], Search]  # a gallery and a search to choose ``a`` with
    tokenisers: dict[str, Callable[[str], list[str]]]
    ready: dict[str, Embed]
    swaps: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [text for title, said in self.pairs for text in (title, *said)]


def equal_texts(texts: Sequence[str]) -> list[set[int]]:
    """For each text the positions of all that equal it."""
    where = defaultdict(set)
    for i, text in enumerate(texts):
        where[text].add(i)
    return [where[text] for text in texts]


def captions_search(products: Sequence[Product]) -> Search:
    """Each of the five captions asks; right are the products that bear it, nearly always one."""
    bearers = defaultdict(set)
    for i, product in enumerate(products):
        for caption in product.captions:
            bearers[caption].add(i)
    queries = [caption for product in products for caption in product.captions]
    return Search("a caption", queries, [bearers[caption] for caption in queries], per_unit=5)


def swapped_titles(products: Iterable[Product]) -> list[tuple[str, str, str]]:
    """(caption, title, the title with its two colours exchanged), where both texts name both colours."""
    triples = []
    for product in products:
        one, two = str(product.attributes["colour"]), str(product.attributes["accent"])
        exchange, words = {one: two, two: one}, tokenise(product.title)
        forged = " ".join(exchange.get(word, word) for word in words)
        for caption in product.captions:
            if one != two and {one, two} <= set(words) & set(tokenise(caption)):
                triples.append((caption, " ".join(words), forged))
    return triples


def shop_part() -> Part:
    shop = load_shop()
    test, validation = shop.split("test"), shop.split("validation")
    attributes = [" ".join(str(p.attributes[name]) for name in ATTRIBUTES) for p in test]
    return Part(
        name="shop",
        pairs=[(p.title, list(p.captions)) for p in shop.split("train")],
        titles=[p.title for p in test],
        searches=[captions_search(test), Search("attributes", attributes, equal_texts(attributes))],
        validation=([p.title for p in validation], captions_search(validation)),
        tokenisers={"words": tokenise},
        ready={
            "MiniLM (chapter 06)": MiniLM().embed,
            "the engine's encoder": partial(load_pretrained("shop").embed, Modality.TEXT),
        },
        swaps=swapped_titles(test),
    )


def chinese_part() -> Part:
    shop = load_shop()

    def first_sentence(product: Product) -> str:
        return product.description_zh.split("。")[0]

    def search(products: Catalog) -> tuple[list[str], Search]:
        queries = [first_sentence(p) for p in products]
        return [p.title_zh for p in products], Search("a description", queries, equal_texts(queries))

    titles, described = search(shop.split("test"))
    return Part(
        name="chinese",
        pairs=[(p.title_zh, [first_sentence(p)]) for p in shop.split("train")],
        titles=titles,
        searches=[described],
        validation=search(shop.split("validation")),
        tokenisers={"characters": tokenise, "jieba": segment},
        ready={
            "MiniLM (chapter 06)": MiniLM().embed,
            "the engine's encoder": partial(load_pretrained("shop").embed, Modality.TEXT),
        },
    )


def fashion_part() -> Part:
    fashion = load_fashion()

    def sought(product: Product) -> str:
        return f"{product.attributes.get('colour', '')} {product.attributes['type']}".strip()

    def search(products: Catalog) -> tuple[list[str], Search]:
        """Titles count once; right for a colour and a type are all titles borne by such a product."""
        position: dict[str, int] = {}
        right = defaultdict(set)
        for p in products:
            right[sought(p)].add(position.setdefault(normalised(p.title), len(position)))
        return list(position), Search("colour and type", list(right), list(right.values()))

    titles, asked = search(fashion.split("test"))
    said = defaultdict(list)
    for p in fashion.split("train"):
        said[normalised(p.title)].append(sought(p))
    return Part(
        name="fashion",
        pairs=list(said.items()),
        titles=titles,
        searches=[asked],
        validation=search(fashion.split("validation")),
        tokenisers={"words": tokenise},
        ready={
            "MiniLM (chapter 06)": MiniLM().embed,
            "the engine's encoder": partial(load_pretrained("fashion").embed, Modality.TEXT),
        },
    )


PARTS = {"shop": shop_part, "chinese": chinese_part, "fashion": fashion_part}


def several_right(search: Search) -> bool:
    """Whether more than one title is right for many of the queries, not only for a few."""
    return float(np.mean([len(right) for right in search.relevant])) > 1.5


def measure(embed: Embed, gallery: Tensor, search: Search) -> dict[str, np.ndarray]:
    """R@1, R@10 and MRR, one value per unit; Hit@1 where several titles are right."""
    ranks = rank_relevant(embed(search.queries).float(), gallery, search.relevant)
    first, what = (hit_at_k, "Hit@1") if several_right(search) else (recall_at_k, "R@1")
    values = {
        what: first(ranks, search.relevant, 1),
        "R@10": recall_at_k(ranks, search.relevant, 10),
        "MRR": reciprocal_rank(ranks, search.relevant),
    }
    return {name: value.reshape(-1, search.per_unit).mean(axis=1) for name, value in values.items()}


def order_kept(embed: Embed, swaps: Sequence[tuple[str, str, str]]) -> np.ndarray:
    """1 where the caption is nearer to the title than to the title with its colours exchanged, ½ at a tie."""
    caption, title, swapped = (normalise(embed(list(texts)).double()) for texts in zip(*swaps, strict=True))
    ahead = (caption * (title - swapped)).sum(dim=1).round(decimals=5).sign()  # rounding decides no tie
    values = ((ahead + 1) / 2).numpy()
    titles = np.unique([title for _, title, _ in swaps], return_inverse=True)[1]
    return np.bincount(titles, values) / np.bincount(titles)


def random_vectors(words: Sequence[str], dimensions: int, seed: int = 0) -> WordVectors:
    return WordVectors(words, np.random.default_rng(seed).normal(size=(len(words), dimensions)))


def counted(texts: Sequence[str], split: Callable[[str], list[str]]) -> Embed:
    """TF-IDF of scikit-learn: one number per word of the vocabulary, no word vectors at all."""
    counter = TfidfVectorizer(tokenizer=split, token_pattern=None, lowercase=False).fit(texts)
    return lambda asked: torch.from_numpy(counter.transform(asked).toarray()).float()


def best_a(part: Part, vectors: WordVectors, split: Callable[[str], list[str]]) -> float:
    """The ``a`` of SIF with the best MRR on the validation side."""
    gallery, search = part.validation
    sentences = [split(text) for text in part.texts]

    def score(a: float) -> float:
        embed = (
            SentenceMean(vectors, sif_weights(sentences, a), tokenise=split).without_common(part.texts).embed
        )
        return float(measure(embed, embed(gallery), search)["MRR"].mean())

    return max(SETTINGS["a"], key=score)


def trained(
    part: Part, vectors: WordVectors, split: Callable[[str], list[str]], kind: str, seed: int, epochs: int
) -> Embed:
    width = vectors.dimensions
    torch.manual_seed(seed)
    reader = {
        "mean": lambda: MeanReader(width),
        "CNN": lambda: TextCNN(width, **SETTINGS["readers"]["cnn"]),
        "GRU": lambda: GRUReader(width, SETTINGS["readers"]["gru"]),
    }[kind]()
    encoder = SentenceEncoder(vectors, reader, tokenise=split)
    train_on_pairs(
        encoder,
        part.pairs,
        contrastive_loss,
        epochs=epochs,
        batch_size=SETTINGS["batch_size"][part.name],
        learning_rate=SETTINGS["learning_rate"][part.name],
        seed=seed,
    )
    return encoder.embed


def methods(part: Part, quick: bool) -> Iterable[Method]:
    """All methods; the first one counts words and is what the others are compared with."""
    settings = SETTINGS["word2vec"]
    for tokens, split in part.tokenisers.items():
        sentences = [split(text) for text in part.texts]
        yield Method("TF-IDF counts", "counts", tokens, [counted(part.texts, split)])
        vectors = Word2Vec.fit(
            sentences,
            dimensions=settings["dimensions"],
            minimum_count=settings["minimum_count"],
            epochs=1 if quick else settings["epochs"][part.name],
        )
        idf = idf_weights(sentences)
        for d in SETTINGS["dimensions_random"]:
            drawn = random_vectors(vectors.words, d)
            embed = SentenceMean(drawn, idf, tokenise=split).embed
            yield Method(f"random vectors, d = {d}, TF-IDF mean", "mean", tokens, [embed])
        for name, weights in {"mean": None, "TF-IDF mean": idf}.items():
            embed = SentenceMean(vectors, weights, tokenise=split).embed
            yield Method(f"Word2Vec, {name}", "mean", tokens, [embed])
        a = best_a(part, vectors, split)
        sif = SentenceMean(vectors, sif_weights(sentences, a), tokenise=split).without_common(part.texts)
        yield Method("Word2Vec, SIF", "mean", tokens, [sif.embed], f"a = {a:g}")
        epochs = 1 if quick else SETTINGS["epochs"][part.name]
        seeds = range(1 if quick else SETTINGS["seeds"][part.name])
        for kind in ("mean", "CNN", "GRU"):
            encoders = [trained(part, vectors, split, kind, seed, epochs) for seed in seeds]
            yield Method(f"{kind}, trained", "trained", tokens, encoders)
    for name, embed in part.ready.items():
        yield Method(name, "ready", "pieces", [embed])


def rows(part: Part, quick: bool = False) -> Iterable[dict]:
    """One row for each search, method and measure."""
    reference: dict[tuple[str, str], np.ndarray] = {}
    for method in methods(part, quick):
        start = time.perf_counter()
        found: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
        for embed in method.embeds:
            gallery = embed(part.titles).float()
            for search in part.searches:
                for what, values in measure(embed, gallery, search).items():
                    found[search.name, what].append(values)
            if part.swaps:
                found["colours exchanged", "order"].append(order_kept(embed, part.swaps))
        for (query, what), runs in found.items():
            mean = np.mean(runs, axis=0)  # over the seeds, for each unit
            first = reference.setdefault((query, what), mean)
            value = bootstrap_interval(mean, samples=SETTINGS["samples"])
            more = paired_difference(mean, first, samples=SETTINGS["samples"])
            seeds = [float(run.mean()) for run in runs]
            yield {
                "data": part.name,
                "query": query,
                "tokens": method.tokens,
                "method": method.name,
                "setting": method.setting,
                "kind": method.kind,
                "measure": what,
                "value": value.value,
                "low": value.low,
                "high": value.high,
                "difference": more.value,
                "difference_low": more.low,
                "difference_high": more.high,
                "seeds": len(runs),
                "worst_seed": min(seeds),
                "best_seed": max(seeds),
                "n": value.n,
                "gallery": len(part.titles),
            }
        seconds = time.perf_counter() - start
        print(f"{part.name}: {method.tokens}, {method.name} ({seconds:.1f} s to measure)", flush=True)


def chance_rows(part: Part) -> Iterable[dict]:
    """What dice reach, where there is a formula: MRR only if one title is right for each query."""
    n = len(part.titles)
    known = {"data": part.name, "method": "chance", "kind": "chance", "gallery": n}
    for search in part.searches:
        counts = np.array([len(right) for right in search.relevant])
        values = {"Hit@1" if several_right(search) else "R@1": counts.mean() / n, "R@10": 10 / n}
        if not several_right(search):
            values["R@1"], values["MRR"] = 1 / n, chance_average_precision(n)
        yield from ({**known, "query": search.name, "measure": m, "value": v} for m, v in values.items())
    if part.swaps:
        yield {**known, "query": "colours exchanged", "measure": "order", "value": 0.5}


def control_rows(part: Part) -> Iterable[dict]:
    """TF-IDF asked for the titles of other products, which it should find by chance alone."""
    embed = counted(part.titles, tokenise)
    gallery = embed(part.titles).float()
    for search in part.searches:
        units = np.arange(len(search.queries)).reshape(-1, search.per_unit)
        order = np.roll(np.random.default_rng(0).permutation(len(units)), 1)
        exchanged = replace(search, relevant=[search.relevant[i] for i in units[order].ravel()])
        for what, values in measure(embed, gallery, exchanged).items():
            value = bootstrap_interval(values, samples=SETTINGS["samples"])
            yield {
                "data": part.name,
                "query": search.name,
                "method": "control: TF-IDF, pairs exchanged",
                "kind": "control",
                "measure": what,
                "value": value.value,
                "low": value.low,
                "high": value.high,
                "n": value.n,
                "gallery": len(part.titles),
            }


def table(names: Sequence[str], quick: bool = False) -> pd.DataFrame:
    parts = [PARTS[name]() for name in names]
    return pd.DataFrame(
        list(chain.from_iterable((*chance_rows(p), *control_rows(p), *rows(p, quick)) for p in parts))
    )


def markdown(results: pd.DataFrame) -> str:
    lines = []
    for (data, query), some in results.groupby(["data", "query"], sort=False):
        measures = list(dict.fromkeys(some.measure))
        lines += [
            f"### {data}: {query}",
            "",
            f"| method | {' | '.join(measures)} |",
            "|---" * (len(measures) + 1) + "|",
        ]
        for (tokens, method), row in some.groupby(["tokens", "method"], sort=False, dropna=False):
            name = f"{method} of {tokens}" if tokens in ("characters", "jieba") else method
            cells = {
                r.measure: f"{r.value:.3f} ({r.low:.3f}–{r.high:.3f})".replace(" (nan–nan)", "")
                for r in row.itertuples()
            }
            lines.append(f"| {name} | " + " | ".join(cells.get(m, "") for m in measures) + " |")
        lines.append("")
    return "\n".join(lines)


def main() -> str:
    torch.set_num_threads(1)  # these networks are small: threads cost more than they bring
    start = time.perf_counter()
    results = table(list(PARTS))
    store("sentences", results, SETTINGS, CODE, time.perf_counter() - start)
    return f"""## Which sentence vector finds the right title?

Test side; in brackets 95 % bootstrap intervals, over products or, for fashion, over queries. Stored as
`data/results/sentences.csv` for chapter 05.

{markdown(results)}"""


if __name__ == "__main__":
    named = [name for name in sys.argv[1:] if not name.startswith("-")]
    print(markdown(table(named or list(PARTS), quick="--quick" in sys.argv)))
