"""How long one query takes over 41,323 products, by modality: read, encode, rank."""

from __future__ import annotations

import io
import time

import numpy as np
import soundfile
import torch

from crossmodal_edu.audio.speech import say
from crossmodal_edu.modality import SAMPLE_RATE
from crossmodal_edu.shops import open_engine

REPEATS = 200


def main() -> str:
    torch.set_num_threads(2)
    engine = open_engine("fashion", progress=True)
    rows = np.random.default_rng(0).choice(len(engine), REPEATS, replace=False)
    titles = [engine.catalog[int(i)].title for i in rows]
    pictures = [engine.catalog[int(i)].image for i in rows]
    sounds = []
    for title in titles:
        file = io.BytesIO()
        soundfile.write(file, say(title), SAMPLE_RATE, format="WAV")
        sounds.append(file.getvalue())
    lines = []
    for name, queries in {
        "words": titles,
        "picture (JPEG, 60×80)": pictures,
        "sound (WAV, 1–4 s)": sounds,
    }.items():
        for query in queries[:10]:
            engine.search(query)
        times = []
        for query in queries:
            start = time.perf_counter()
            engine.search(query, k=10)
            times.append(1000 * (time.perf_counter() - start))
        encode = []
        for query in queries:
            start = time.perf_counter()
            engine.embed_query(query)
            encode.append(1000 * (time.perf_counter() - start))
        p50, p95 = np.percentile(times, [50, 95])
        lines.append(f"| {name} | {np.median(encode):.1f} | {p50:.1f} | {p95:.1f} |")
    return f"""## Latency over {len(engine):,} products

Index in memory, two threads, {REPEATS} queries each after 10 to warm up, milliseconds. "Encode" is
opening and encoding alone, median; the rest is ranking words and pictures of all products.

| query | encode | whole, p50 | whole, p95 |
|---|---|---|---|
{chr(10).join(lines)}
"""
