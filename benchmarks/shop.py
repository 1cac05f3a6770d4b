"""All six directions between words, pictures and sounds on the test split of the shop that ships."""

from __future__ import annotations

from collections.abc import Mapping

from crossmodal_edu.audio.speech import VOICES
from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.shop import load_shop, truths
from crossmodal_edu.datasets.shop.truth import relevance
from crossmodal_edu.evaluation.directions import catalog_sides, evaluate_directions
from crossmodal_edu.evaluation.report import Report
from crossmodal_edu.pretrained import load_pretrained

MEASURES = ("R@1", "R@5", "R@10", "mAP", "nDCG@10")


def table(reports: Mapping[tuple[str, str], Report], measures=MEASURES) -> str:
    """Markdown rows, one per direction, with 95 % intervals, and chance below."""
    lines = [
        "| query | finds | queries | " + " | ".join(measures) + " |",
        "|---|---|---|" + "---|" * len(measures),
    ]
    for (asked, gallery), report in reports.items():
        cells = " | ".join(str(report[name]) for name in measures)
        lines.append(f"| {asked} | {gallery} | {report.n_queries} | {cells} |")
    chance = next(iter(reports.values())).chance
    lines.append(
        "| chance | | | " + " | ".join(f"{chance[m]:.3f}" if m in chance else "" for m in measures) + " |"
    )
    return "\n".join(lines)


def measure() -> tuple[int, dict[tuple[str, str], Report]]:
    """Reports of all directions; sounds also apart, by voices heard and not heard in training."""
    test = load_shop().split("test")
    truth = truths(test)
    unseen = {voice.name for voice in VOICES if voice.held_out}
    sides = catalog_sides(load_pretrained("shop"), test)
    audio = sides["audio"]
    sides["audio, voices of training"] = audio.where(
        lambda i: test[i].attributes["voice"] not in unseen, "audio, voices of training"
    )
    sides["audio, unseen voices"] = audio.where(
        lambda i: test[i].attributes["voice"] in unseen, "audio, unseen voices"
    )
    return len(test), evaluate_directions(sides, lambda a, b: relevance(truth[a], truth[b]))


def main() -> str:
    n, reports = measure()
    text = f"""## Shop: all directions

Test split of the shop that ships, gallery = all {n} test products, model `shop`. Right is the same product;
nDCG grades every other product by the share of attributes that agree. 95 % bootstrap intervals over queries.

{table(reports)}
"""
    (folders.data_folder() / "models" / "shop" / "metrics.md").write_text(text, encoding="utf-8")
    return text
