"""What the tests share: real data where this machine has it, a browser, one thread, seeds, checked shapes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import jaxtyping
import numpy as np
import pytest

# Before anything imports the package: every shape in a signature is checked on every call.
# A whole number may stand where a decimal one is asked for, as everywhere in Python.
CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
jaxtyping.install_import_hook("crossmodal_edu", CHECKER)

ROOT = Path(__file__).resolve().parents[1]


def absent(reason: str) -> NoReturn:
    """A reader's machine may lack a data set or a browser; the project's own may not."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (CI has to have it)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def need() -> Callable[[str], NoReturn]:
    """``need(reason)`` skips on a reader's machine and fails in CI."""
    return absent


@pytest.fixture(scope="session")
def data_set() -> Callable[[str], Path]:
    """``data_set("fashion")`` is the folder of a data set; where it is absent, the test is skipped."""
    from crossmodal_edu.datasets.folders import find
    from crossmodal_edu.errors import DataMissingError

    def folder(name: str) -> Path:
        try:
            return find(name)
        except DataMissingError as error:
            absent(f"{error.problem} {error.remedy}")

    return folder


@pytest.fixture(scope="session")
def shop():
    """The shop that ships, as a Catalog."""
    from crossmodal_edu.datasets.shop import load_shop
    from crossmodal_edu.errors import DataMissingError

    try:
        return load_shop()
    except DataMissingError as error:
        absent(error.problem)


@pytest.fixture(scope="session")
def fashion(data_set):
    """The real fashion products, as a Catalog."""
    data_set("fashion")
    from crossmodal_edu.datasets.fashion import load_fashion

    return load_fashion()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that Playwright can drive."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return found
    absent("no Chromium on this machine")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator:
    """A headless Chromium, started once for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, which is who runs tests in a container.
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """The tests' tensors are small: threads cost more than they bring, and sum in another order."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _no_windows() -> None:
    """Figures are drawn without a screen. Not by a variable: the chapters' kernels would inherit that."""
    import matplotlib

    matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Weights that a test does not seed itself start the same in every run and order."""
    import torch

    torch.manual_seed(0)
