"""2,000 held-out titles, read or spoken, against all 41,323 products of the fashion set."""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from crossmodal_edu.audio.speech import speak_title
from crossmodal_edu.classroom.fashion_queries import fashion_queries
from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.fashion import load_fashion
from crossmodal_edu.evaluation.intervals import bootstrap_interval
from crossmodal_edu.evaluation.metrics import reciprocal_rank
from crossmodal_edu.evaluation.relevance import rank_relevant
from crossmodal_edu.evaluation.report import evaluate_ranking
from crossmodal_edu.modality import Modality, open_image
from crossmodal_edu.pretrained import load_pretrained

MEASURES = ("R@1", "R@10", "Hit@10", "mAP")
PUBLISHED = """| FashionCLIP 2.0 | .122 | .404 | .217 |
| Marqo-FashionCLIP | .159 | .446 | .265 |
| SigLIP B/16 | .169 | .468 | .272 |
| Marqo-FashionSigLIP | .179 | .489 | .293 |"""


def main() -> str:
    catalog = load_fashion()
    model = load_pretrained("fashion")
    queries = fashion_queries(catalog)
    right = [set(query.relevant) for query in queries]
    batches = np.array_split(np.arange(len(catalog)), 200)
    images = [
        model.embed(Modality.IMAGE, [open_image(catalog[int(i)].image) for i in rows])
        for rows in tqdm(batches, "pictures")
    ]
    gallery = torch.cat(images)
    sounds = [speak_title(query.title, number, held_out=True) for number, query in enumerate(queries)]
    asked = {
        "title": model.embed(Modality.TEXT, [query.title for query in queries]),
        "title, spoken by an unseen voice": model.embed(Modality.AUDIO, sounds),
    }
    lines = []
    for name, vectors in asked.items():
        ranks = rank_relevant(vectors, gallery, right)
        report = evaluate_ranking(ranks, right)
        reciprocal = reciprocal_rank(ranks, right)
        cut = bootstrap_interval(np.where(reciprocal >= 1 / 10, reciprocal, 0.0))  # as it is published
        cells = [*(str(report[measure]) for measure in MEASURES), str(cut)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    chance = " | ".join(f"{report.chance[m]:.4f}" if m in report.chance else "" for m in MEASURES)
    text = f"""## Fashion: held-out titles against all products

{len(queries):,} titles of the test side (no title and no picture shared with training) as queries, pictures
of all {len(catalog):,} products as gallery, model `fashion`, trained in-domain from scratch on the training
side. All products with the same title, or a byte-equal picture of one, are right. 95 % bootstrap intervals
over queries.

| query | {" | ".join(MEASURES)} | MRR@10 |
|---|{"---|" * len(MEASURES)}---|
{chr(10).join(lines)}
| chance | {chance} | |

Published zero-shot figures of large pretrained models on this set, for orientation: 44 k products, another
sample of 2,000 titles, not trained on this shop, and larger pictures. Their models see 224 × 224 pixels of
photos of about 0.4 MB; the photos here have 60 × 80 pixels and about 1.4 kB. MRR is cut at 10, as there:
a product that stands eleventh or later counts 0.

| model | R@1 | R@10 | MRR@10 |
|---|---|---|---|
{PUBLISHED}
"""
    (folders.data_folder() / "models" / "fashion" / "metrics.md").write_text(text, encoding="utf-8")
    return text
