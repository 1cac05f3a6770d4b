"""What every check is asked: is the answer accepted, or refused with the hint that belongs to it?"""

from __future__ import annotations

import numpy as np
import pytest
import torch


@pytest.fixture
def said(capsys):
    """A check's verdict, which was printed once and returned."""

    def said(check, *answers):
        verdict = check(*answers)
        printed = capsys.readouterr().out
        assert printed.endswith(f"{verdict}\n") and printed.count(str(verdict)) == 1
        return verdict

    return said


@pytest.fixture
def accepts(said):
    def accepts(check, *answers):
        verdict = said(check, *answers)
        assert verdict.state == "right" and verdict, str(verdict)
        return verdict

    return accepts


@pytest.fixture
def refuses(said):
    def refuses(check, *answers, hint):
        verdict = said(check, *answers)
        assert verdict.state == "not yet" and not verdict, str(verdict)
        assert hint.lower() in verdict.reason.lower(), str(verdict)

    return refuses


@pytest.fixture
def ignores(said):
    """An answer that is not there yet: the dots, and a function that holds nothing but them."""

    def ignores(check, *others, function=True):
        for answer in (..., None, *([lambda *given: ..., _empty] if function else [])):
            assert said(check, answer, *others).state == "not tried yet"

    return ignores


def _empty(*given):
    """A function that nobody has written yet."""


def _tuples(values):
    return tuple(map(_tuples, values)) if isinstance(values, list) else values


FORMS = {
    "float64": lambda values: values,
    "float32": lambda values: values.astype(np.float32),
    "list": lambda values: values.tolist(),
    "tuple": lambda values: _tuples(values.tolist()),
    "tensor": lambda values: torch.tensor(values, dtype=torch.float32),
    "double tensor": lambda values: torch.tensor(values, requires_grad=True),
    "list of tensors": lambda values: list(torch.tensor(values)) if values.ndim else torch.tensor(values),
}


@pytest.fixture(params=FORMS)
def form(request):
    """A right function whose answer comes as an array, a tensor, lists or tuples."""

    def formed(function):
        def given(*answers):
            values = function(*answers)
            return FORMS[request.param](np.asarray(values, dtype=float))

        return given

    return formed
