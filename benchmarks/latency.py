"""How long a query takes over 41,323 products, by modality; and the first answer of all, on a new account."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import soundfile
import torch

from crossmodal_edu.audio.speech import say
from crossmodal_edu.modality import SAMPLE_RATE
from crossmodal_edu.shops import open_engine

REPEATS = 200


def first_answer() -> float:
    """Seconds from the command to its end for somebody who has never used it, median of five."""
    command = [sys.executable, "-m", "crossmodal_edu.cli", "search", "red leather handbag"]
    times = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as home:
            environment = os.environ | {"HOME": home, "XDG_CACHE_HOME": home}
            start = time.perf_counter()
            subprocess.run(command, env=environment, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
    return float(np.median(times))


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

On a new account, with nothing kept from before, `crossmodal search "red leather handbag"` over the shop that
ships takes {first_answer():.1f} s from the command to its end, most of it for importing torch.
"""
