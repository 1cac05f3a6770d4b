"""Sentences a second: the book's encoder beside the reference implementation, the same weights, two threads.

``python -m benchmarks.transformer quick`` tries it on a few texts and prints the section.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from crossmodal_edu.datasets.shop import load_shop
from crossmodal_edu.text.sentence_bert import MiniLM, minilm_files

THREADS, REPEATS = 2, 7


def load_reference():
    """sentence_transformers on the same folder; nothing asks the network."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    return SentenceTransformer(str(minilm_files()["vocab.txt"].parent), device="cpu", local_files_only=True)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(
    ours: Callable[[], object], theirs: Callable[[], object], repeats: int
) -> tuple[float, float, float]:
    """The median seconds of both, and of their ratio, run in turn: what slows one slows the other."""
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    first, second = np.median(pairs, axis=0)
    return float(first), float(second), float(np.median([b / a for a, b in pairs]))


def main(quick: bool = False) -> str:
    torch.set_num_threads(THREADS)
    repeats = 1 if quick else REPEATS
    encoder, reference = MiniLM(), load_reference()
    test = load_shop().split("test")[: 64 if quick else None]
    titles = [product.title for product in test]
    descriptions = [product.description for product in test]

    def theirs(texts: Sequence[str], batch_size: int):
        return reference.encode(texts, batch_size=batch_size, convert_to_tensor=True, show_progress_bar=False)

    lines, largest = [], 0.0
    settings = (
        (f"{len(test)} titles, batches of 64", titles, 64),
        (f"{len(test)} descriptions, batches of 64", descriptions, 64),
        ("one title at a time, as queries come", titles[: 8 if quick else 60], 1),
    )
    for name, texts, batch_size in settings:
        difference = encoder.embed(texts) - theirs(texts, batch_size).cpu()
        largest = max(largest, float(difference.abs().max()))
        if batch_size == 1:  # one call each, since a query does not wait for the next

            def ours_run(texts=texts):
                return [encoder.embed([text]) for text in texts]

            def their_run(texts=texts):
                return [theirs([text], 1) for text in texts]

        else:

            def ours_run(texts=texts, batch_size=batch_size):
                return encoder.embed(texts)

            def their_run(texts=texts, batch_size=batch_size):
                return theirs(texts, batch_size)

        first, second, ratio = compare(ours_run, their_run, repeats)
        lines.append(f"| {name} | {len(texts) / first:,.0f} | {len(texts) / second:,.0f} | {ratio:.2f} |")

    compiled = Tokenizer.from_file(str(minilm_files()["vocab.txt"].with_name("tokenizer.json")))
    compiled.no_padding()
    compiled.enable_truncation(256)
    first, second, ratio = compare(
        lambda: [encoder.wordpiece.encode(text) for text in descriptions],
        lambda: [compiled.encode(text).ids for text in descriptions],
        repeats,
    )
    lines.append(
        f"| WordPiece alone, descriptions | {len(descriptions) / first:,.0f} "
        f"| {len(descriptions) / second:,.0f} | {ratio:.2f} |"
    )
    return f"""## Transformer: the book's encoder beside the reference

Texts a second with the weights of all-MiniLM-L6-v2 on {THREADS} threads; median of {repeats} runs, both in
turn. The reference is sentence_transformers with torch's fused attention; the ratio says how many times as
fast ours is. The largest difference of a coordinate was {largest:.0e}.

| what | chapter 06 | reference | ratio |
|---|---|---|---|
{chr(10).join(lines)}
"""


if __name__ == "__main__":
    print(main(quick="quick" in sys.argv[1:]))
