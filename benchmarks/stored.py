"""Tables that chapters load: written with a hash of the settings and the code that made them."""

from __future__ import annotations

import ast
import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.run import machine
from crossmodal_edu.datasets import folders

ROOT = Path(__file__).parents[1]


class _WithoutWords(ast.NodeTransformer):
    """Another word in a docstring, or another type in a signature, does not make a number stale."""

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
        return node


def fingerprint(settings: Mapping, code: Sequence[str]) -> str:
    """SHA-256 over the settings and over what the named files do, without comments, docstrings and types.

    ``code`` holds paths below the repository's root, such as "crossmodal_edu/text/glove.py".
    """
    total = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in sorted(code):
        tree = _WithoutWords().visit(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        total.update(f"{path}\n{ast.unparse(tree)}\n".encode())
    return total.hexdigest()


def store(name: str, table: pd.DataFrame, settings: Mapping, code: Sequence[str], seconds: float) -> None:
    """Write ``data/results/NAME.csv``, and beside it how it was made.

    Parameters
    ----------
    name : str
    table : DataFrame
        Written without its index, numbers to six digits.
    settings : mapping
        What decides the numbers; goes through JSON.
    code : sequence of str
        The files that decide the numbers, below the repository's root.
    seconds : float
        What the table took to make.
    """
    folder = folders.data_folder() / "results"
    folder.mkdir(exist_ok=True)
    record = {
        "fingerprint": fingerprint(settings, code),
        "settings": dict(settings),
        "code": sorted(code),
        "seconds": round(seconds),
        "machine": machine(),
        "made": datetime.date.today().isoformat(),
    }
    table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
    (folder / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
