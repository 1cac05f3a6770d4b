"""Tables that take long to make: ``data/results/NAME.csv``, and ``NAME.json`` that says how they were made.

``benchmarks/`` makes them (``python -m benchmarks.run NAME``), chapters load them, and a test compares
the hash in the JSON file with the code and the settings as they are now.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from crossmodal_edu.datasets import folders

ROOT = Path(__file__).parents[2]


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

    Parameters
    ----------
    settings : mapping
        Goes through JSON.
    code : sequence of str
        Paths below the repository's root, such as "crossmodal_edu/text/glove.py".

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    total = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in sorted(code):
        tree = _WithoutWords().visit(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        total.update(f"{path}\n{ast.unparse(tree)}\n".encode())
    return total.hexdigest()


def load_results(name: str) -> pd.DataFrame:
    """A stored table.

    Parameters
    ----------
    name : str
        Such as "word_vectors".

    Returns
    -------
    DataFrame
        ``attrs`` holds how it was made: ``settings`` (dict), ``seconds`` (what it took),
        ``machine`` and ``made`` (the day).

    Raises
    ------
    DataMissingError
        If no table of that name ships.
    """
    table = pd.read_csv(folders.shipped(f"results/{name}.csv"))
    table.attrs = json.loads(folders.shipped(f"results/{name}.json").read_text(encoding="utf-8"))
    return table
