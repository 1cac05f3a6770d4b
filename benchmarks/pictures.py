"""What convolution costs, and which network knows a product in a photo: the tables of chapter 07.

``python -m benchmarks.run pictures`` makes all of it and stores it; ``python -m benchmarks.pictures clothes``
makes one part (clothes, groceries or speed) and prints it, with ``--quick`` on a small share of the data.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import v2

from benchmarks.memory import in_own_process, peak_growth
from benchmarks.stored import store
from crossmodal_edu.classroom.cnn import SmallCNN
from crossmodal_edu.classroom.convolution import conv2d, conv2d_backward, conv2d_loops
from crossmodal_edu.classroom.fashion_mnist import LabelledPictures, load_fashion_mnist
from crossmodal_edu.classroom.grocery import Grocery, Photo, load_grocery
from crossmodal_edu.evaluation.intervals import bootstrap_interval
from crossmodal_edu.image.augment import random_views, view_each
from crossmodal_edu.image.backbone import Backbone, Lite0, load_resnet18
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import open_image
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.training import inference, train

SETTINGS = {
    "clothes": {
        "widths": [32, 64, 128],
        "dropout": 0.2,
        "batch": 128,
        "learning_rate": 1e-2,
        "subset": {"pictures": 12_000, "depth": 1, "epochs": 10},
        "all": {"pictures": 60_000, "depth": 2, "epochs": 15},
    },
    "groceries": {
        "C": [0.003, 0.03, 0.3, 3.0],
        "scratch": {"size": 64, "widths": [32, 64, 128, 256], "epochs": 20, "learning_rate": 5e-3},
        "tuned": {"size": 128, "epochs": 8, "learning_rate": 1e-3, "dropout": 0.2},
        "batch": 64,
    },
    "samples": 1000,
}
CODE = [
    "benchmarks/pictures.py",
    "crossmodal_edu/classroom/cnn.py",
    "crossmodal_edu/image/augment.py",
    "crossmodal_edu/image/backbone.py",
    "crossmodal_edu/image/encoder.py",
    "crossmodal_edu/training.py",
]


@dataclass(frozen=True)
class Row:
    """One measured share: of which method, on what, with its interval over the test pictures."""

    part: str
    method: str
    measure: str
    value: float
    low: float
    high: float


def row(part: str, method: str, measure: str, right: np.ndarray) -> Row:
    estimate = bootstrap_interval(right.astype(float), samples=SETTINGS["samples"])
    print(f"{part}: {method}: {measure} {estimate}", flush=True)
    return Row(part, method, measure, estimate.value, estimate.low, estimate.high)


# --- clothes: Fashion-MNIST ------------------------------------------------------------------------------


SHIFTED_AND_MIRRORED = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomCrop(28, padding=2)])


def train_on_clothes(pictures: LabelledPictures, epochs: int, depth: int, augmented: bool) -> SmallCNN:
    how, n = SETTINGS["clothes"], len(pictures)
    generator = torch.Generator().manual_seed(0)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        for some in torch.randperm(n, generator=generator).split(how["batch"]):
            pixels = pictures.pixels[some, None]
            yield view_each(SHIFTED_AND_MIRRORED, pixels) if augmented else pixels, pictures.labels[some]

    torch.manual_seed(0)
    net = SmallCNN(10, widths=how["widths"], depth=depth, dropout=how["dropout"])
    train(
        net,
        batches,
        lambda net, batch: F.cross_entropy(net(batch[0]), batch[1]),
        epochs=epochs,
        batches_per_epoch=-(-n // how["batch"]),
        learning_rate=how["learning_rate"],
        reduced_precision=True,
    )
    return net


def clothes(quick: bool = False) -> list[Row]:
    everything, test = load_fashion_mnist("train"), load_fashion_mnist("test")
    rows = []

    def measured(share: str, name: str, augmented: bool, exchanged: bool = False) -> None:
        how = SETTINGS["clothes"][share]
        n = how["pictures"] // (60 if quick else 1)
        order = torch.randperm(n, generator=torch.Generator().manual_seed(0)) if exchanged else slice(None)
        some = LabelledPictures(everything.pixels[:n], everything.labels[:n][order])
        net = train_on_clothes(some, 1 if quick else how["epochs"], how["depth"], augmented)
        with inference(net):
            guesses = torch.cat([net(pixels[:, None]).argmax(dim=1) for pixels in test.pixels.split(500)])
        rows.append(row("clothes", name, "class", (guesses == test.labels).numpy()))

    measured("subset", "control: 12,000 pictures, labels exchanged", augmented=False, exchanged=True)
    measured("subset", "12,000 pictures, as they are", augmented=False)
    measured("subset", "12,000 pictures, shifted and mirrored", augmented=True)
    measured("all", "60,000 pictures, deeper, shifted and mirrored", augmented=True)
    return rows


# --- groceries -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Labelled:
    """What one network gets to see: (n, d) features or (n, 3, h, w) pictures, and the products."""

    inputs: Tensor
    products: Tensor


class Groceries:
    """The photos of the three splits, by whatever turns them into tensors, and the scoring."""

    def __init__(self, quick: bool):
        self.data: Grocery = load_grocery()
        names = ("train", "validation", "test")
        self.photos: dict[str, Sequence[Photo]] = {
            name: self.data.split(name)[:: 20 if quick else 1] for name in names
        }
        self.category = np.zeros(len(self.data.products), dtype=int)
        for photo in self.data.photos:
            self.category[photo.product] = photo.category

    def seen_by(self, look: Callable[[list[Image.Image]], Tensor]) -> dict[str, Labelled]:
        sides = {}
        for name, photos in self.photos.items():
            opened = (
                [open_image(photo.path) for photo in photos[i : i + 64]] for i in range(0, len(photos), 64)
            )
            inputs = torch.cat([look(images) for images in opened])
            sides[name] = Labelled(inputs, torch.tensor([photo.product for photo in photos]))
        return sides

    def rows(self, method: str, guesses: np.ndarray) -> list[Row]:
        truth = np.array([photo.product for photo in self.photos["test"]])
        return [
            row("groceries", method, "product", guesses == truth),
            row("groceries", method, "category", self.category[guesses] == self.category[truth]),
        ]


def linear_guesses(sides: dict[str, Labelled]) -> np.ndarray:
    """Logistic regression on features; its penalty is chosen on the validation side."""
    x, y = ({k: getattr(v, part).numpy() for k, v in sides.items()} for part in ("inputs", "products"))
    fitted = [
        make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=500)).fit(x["train"], y["train"])
        for c in SETTINGS["groceries"]["C"]
    ]
    best = max(fitted, key=lambda model: model.score(x["validation"], y["validation"]))
    return best.predict(x["test"])


def trained_guesses(
    net: nn.Module, sides: dict[str, Labelled], epochs: int, learning_rate: float, augmented: bool
) -> np.ndarray:
    """A network trained on the photos, the epoch chosen on the validation side."""
    batch, seen, n = SETTINGS["groceries"]["batch"], sides["train"], len(sides["train"].products)
    generator = torch.Generator().manual_seed(0)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        for some in torch.randperm(n, generator=generator).split(batch):
            pixels = seen.inputs[some]
            yield random_views(pixels, generator) if augmented else pixels, seen.products[some]

    def guess(net: nn.Module, side: Labelled) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return torch.cat([net(pixels).argmax(dim=1) for pixels in side.inputs.split(128)])

    train(
        net,
        batches,
        lambda net, batch: F.cross_entropy(net(batch[0]), batch[1], label_smoothing=0.1),
        epochs=epochs,
        batches_per_epoch=-(-n // batch),
        learning_rate=learning_rate,
        reduced_precision=True,
        validate=lambda net: (
            (guess(net, sides["validation"]) == sides["validation"].products).float().mean().item()
        ),
    )
    with inference(net):
        return guess(net, sides["test"]).numpy()


def few_colours(images: list[Image.Image]) -> Tensor:
    """Each picture shrunk to 4 × 4 pixels: 48 numbers."""
    small = [np.asarray(image.resize((4, 4), Image.Resampling.BOX)) for image in images]
    return torch.from_numpy(np.stack(small)).flatten(1).float()


def half_precision(backbone: Backbone) -> Callable[[list[Image.Image]], Tensor]:
    def look(images: list[Image.Image]) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return backbone.embed(images).float()

    return look


def groceries(quick: bool = False) -> list[Row]:
    shop, how = Groceries(quick), SETTINGS["groceries"]
    scratch, tuned = how["scratch"], how["tuned"]
    products = len(shop.data.products)
    most = np.bincount([photo.product for photo in shop.photos["train"]]).argmax()
    rows = shop.rows("always the most frequent product", np.full(len(shop.photos["test"]), most))

    def measured(name: str, guesses: np.ndarray) -> None:
        rows.extend(shop.rows(name, guesses))

    drawn = load_pretrained("shop").encoders["image"]

    def as_drawn(images: list[Image.Image]) -> Tensor:
        with inference(drawn):
            return drawn(drawn.prepare(images)).float()

    measured("4 × 4 colours", linear_guesses(shop.seen_by(few_colours)))
    measured("our encoder of drawn pictures, frozen", linear_guesses(shop.seen_by(as_drawn)))
    small = shop.seen_by(Backbone(nn.Identity(), 3, scratch["size"]).prepare)
    for name, augmented in (("our network, from scratch", False), ("the same, augmented", True)):
        torch.manual_seed(0)
        net = SmallCNN(products, 3, scratch["widths"], dropout=0.2)
        epochs = 1 if quick else scratch["epochs"]
        measured(name, trained_guesses(net, small, epochs, scratch["learning_rate"], augmented))
    torch.manual_seed(0)
    random = Lite0(tuned["size"], pretrained=False)
    measured("Lite0, random weights, frozen", linear_guesses(shop.seen_by(half_precision(random))))
    frozen = Lite0(tuned["size"])
    seen = shop.seen_by(frozen.embed)
    measured("Lite0, frozen, 128 pixels", linear_guesses(seen))
    order = torch.randperm(len(seen["train"].products), generator=torch.Generator().manual_seed(0))
    other = Labelled(seen["train"].inputs, seen["train"].products[order])
    measured("control: Lite0, frozen, products exchanged", linear_guesses({**seen, "train": other}))
    large = Lite0(224)
    measured("Lite0, frozen, 224 pixels", linear_guesses(shop.seen_by(half_precision(large))))
    torch.manual_seed(0)
    net = nn.Sequential(frozen, nn.Dropout(tuned["dropout"]), nn.Linear(frozen.dimensions, products))
    epochs = 1 if quick else tuned["epochs"]
    pictures = shop.seen_by(frozen.prepare)
    measured(
        "Lite0, fine-tuned, 128 pixels",
        trained_guesses(net, pictures, epochs, tuned["learning_rate"], augmented=True),
    )
    return rows


# --- speed and memory ------------------------------------------------------------------------------------


def seconds(work: Callable[[], object], repeats: int = 7) -> float:
    """The median of some runs after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def convolution_ratios() -> list[str]:
    lines = []
    for n, channels, side, maps in ((32, 3, 64, 32), (32, 32, 28, 64), (32, 128, 14, 128)):
        pictures, filters = torch.randn(n, channels, side, side), torch.randn(maps, channels, 3, 3)
        upstream = torch.randn(n, maps, side, side)
        ours = seconds(lambda p=pictures, f=filters: conv2d(p, f, padding=1))
        torchs = seconds(lambda p=pictures, f=filters: F.conv2d(p, f, padding=1))
        back = seconds(lambda u=upstream, p=pictures, f=filters: conv2d_backward(u, p, f, padding=1))
        leaves = [pictures.requires_grad_(), filters.requires_grad_()]
        maps_of = F.conv2d(*leaves, padding=1)
        torch_back = seconds(
            lambda m=maps_of, leaves=leaves, u=upstream: torch.autograd.grad(m, leaves, u, retain_graph=True)
        )
        lines.append(
            f"| {n} × {channels} × {side} × {side} → {maps} maps | {1000 * torchs:.1f} ms | "
            f"{ours / torchs:.1f} | {back / torch_back:.1f} |"
        )
    return lines


def loops_ratio() -> float:
    picture, filters = torch.randn(1, 3, 32, 32), torch.randn(8, 3, 3, 3)
    loops = seconds(lambda: conv2d_loops(picture, filters, padding=1), repeats=1)
    return loops / seconds(lambda: conv2d(picture, filters, padding=1))


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "the book's encoder, 64 pixels": (lambda: ImageEncoder((64, 64)).eval(), 64),
    "SmallCNN in colour, 64 pixels": (lambda: SmallCNN(81, 3).eval(), 64),
    "EfficientNet-Lite0, 128 pixels": (lambda: Lite0(128), 128),
    "EfficientNet-Lite0, 224 pixels": (lambda: Lite0(224), 224),
    "ResNet-18, 128 pixels": (lambda: load_resnet18(128), 128),
    "ResNet-18, 224 pixels": (lambda: load_resnet18(224), 224),
}


def network_line(name: str) -> str:
    """Pictures a second, and how much a process that makes a network and embeds a batch grows."""
    make, size = NETWORKS[name]
    pixels = torch.randint(0, 256, (32, 3, size, size), dtype=torch.uint8)

    def embed(net: nn.Module) -> Tensor:
        with inference(net):
            return net(pixels)

    memory = peak_growth(lambda: embed(make()))
    net = make()
    with inference(net):
        rate = len(pixels) / seconds(lambda: net(pixels), repeats=5)
        with torch.autocast("cpu", torch.bfloat16):
            reduced = len(pixels) / seconds(lambda: net(pixels), repeats=5)
    count = sum(p.numel() for p in net.parameters()) / 1e6
    return f"| {name} | {count:.2f} | {rate:,.0f} | {reduced:,.0f} | {memory:,.0f} |"


def convolution_memory(who: str) -> float:
    """MB that one convolution takes beyond its input, at its peak; the answers are 26 of them."""
    pictures, filters = torch.randn(64, 32, 56, 56), torch.randn(32, 32, 3, 3)
    convolve = conv2d if who == "ours" else F.conv2d
    with torch.inference_mode():
        convolve(pictures[:1], filters)  # what is set up once
        return peak_growth(lambda: convolve(pictures, filters, padding=1))


def speed() -> str:
    networks = "\n".join(in_own_process("benchmarks.pictures", "--network", name) for name in NETWORKS)
    memory = {who: float(in_own_process("benchmarks.pictures", "--memory", who)) for who in ("ours", "torch")}
    convolution_ratios()  # the first round pays for memory that later ones use again
    return f"""Convolution, 3 × 3, padding 1: our time ÷ torch's.

| input | torch, forward | forward, ours ÷ torch | backward, ours ÷ torch |
|---|---|---|---|
{chr(10).join(convolution_ratios())}

The loops take {loops_ratio():,.0f} times as long as our matrix product (1 × 3 × 32 × 32 → 8 maps).
Beyond their input, 64 pictures of 32 × 56 × 56 (26 MB in, 26 MB out) take {memory["ours"]:,.0f} MB in ours
and {memory["torch"]:,.0f} MB in torch's.

| network, batches of 32 | parameters, millions | pictures a second | in bfloat16 | peak memory, MB |
|---|---|---|---|---|
{networks}
"""


# --- all of it -------------------------------------------------------------------------------------------


def markdown(rows: Sequence[Row]) -> str:
    lines = [
        f"| {r.part} | {r.method} | {r.measure} | "
        f"{100 * r.value:.1f} | {100 * r.low:.1f}–{100 * r.high:.1f} |"
        for r in rows
    ]
    head = "| data | method | right | % | 95 % interval |\n|---|---|---|---|---|\n"
    return head + "\n".join(lines)


def page(rows: Sequence[Row]) -> str:
    return f"""## Pictures

Right answers on the official test sides, in per cent, with bootstrap intervals over the pictures: 10,000 of
Fashion-MNIST, 2,485 photos of 81 groceries in 43 categories (at 128 pixels). One seed each.

{markdown(rows)}

{speed()}"""


def main() -> str:
    torch.set_num_threads(2)
    start = time.perf_counter()
    rows = clothes() + groceries()
    store("pictures", pd.DataFrame(rows), SETTINGS, CODE, time.perf_counter() - start)
    return page(rows)


if __name__ == "__main__":
    if sys.argv[1] == "--network":
        print(network_line(sys.argv[2]))
    elif sys.argv[1] == "--memory":
        print(convolution_memory(sys.argv[2]))
    else:
        torch.set_num_threads(2)
        parts = {"clothes": clothes, "groceries": groceries}
        for part in sys.argv[1:2]:
            print(speed() if part == "speed" else markdown(parts[part]("--quick" in sys.argv)))
