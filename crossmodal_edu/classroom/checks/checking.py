"""What all exercises share: a verdict that explains, and a comparison that knows the usual mistakes."""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Literal

import numpy as np
import torch


class NotYet(Exception):
    """Raised inside a check with the hint that leads on."""


class Untouched(Exception):
    """Raised inside a check when there is no answer yet."""


@dataclass(frozen=True)
class Verdict:
    """What a check found: "right", "not yet" or "not tried yet", and why.

    It was printed already, so that a notebook does not show it again; a script may collect it.
    """

    state: Literal["right", "not yet", "not tried yet"]
    reason: str = ""

    def __bool__(self) -> bool:
        return self.state == "right"

    def __str__(self) -> str:
        return f"{self.state.capitalize()}: {self.reason}" if self.reason else self.state

    def _ipython_display_(self) -> None: ...


def check(judge: Callable[..., str]) -> Callable[..., Verdict]:
    """Turn a judge into a check that prints a verdict, returns it, and never raises.

    The judge takes the learner's answer, raises :class:`NotYet` with a hint for an answer
    that is not right, and returns a sentence about one that is. An answer that is still
    ``...`` or ``None``, or a function without a body, is "not tried yet". A function that
    returns nothing is asked whether it prints.

    Examples
    --------
    >>> @check
    ... def check_sum(answer):
    ...     slip(answer, 4, {5: "count again.", 22: "those are texts, put side by side."})
    ...     return "two and two."
    >>> _ = check_sum(...)
    not tried yet
    >>> _ = check_sum(5)
    Not yet: count again.
    >>> verdict = check_sum(4)
    Right: two and two.
    >>> verdict.state
    'right'
    """

    @wraps(judge)
    def checked(*answers: Any) -> Verdict:
        try:
            if any(_is_untouched(answer) for answer in answers):
                raise Untouched
            verdict = Verdict("right", judge(*(_watched(answer) for answer in answers)))
        except Untouched:
            verdict = Verdict("not tried yet")
        except NotYet as hint:
            verdict = Verdict("not yet", str(hint))
        except Exception as error:
            # Whatever the learner's code raises is an answer too, and the chapter goes on.
            verdict = Verdict("not yet", f"your code stopped with {type(error).__name__}: {error}")
        print(verdict)
        return verdict

    return checked


def slip(
    value: Any,
    right: Any,
    wrong: Mapping[Any, str] | Iterable[tuple[Any, str]] = (),
    otherwise: str = "",
    atol: float = 1e-5,
) -> None:
    """Accept the right value; refuse each known mistake with its own hint, and any other with a general one.

    Parameters
    ----------
    value : number, text, array, tensor or list
        The learner's. Float64 may stand for float32, a list or an array for a tensor.
    right : the same
    wrong : mapping of value to hint, or pairs of them
        What a known mistake gives; pairs where values cannot be keys. Those equal to
        ``right`` are passed over, so that a table of mistakes may be computed.
    otherwise : str
        The hint for any other value.
    atol : float
        How far numbers may be apart.

    Raises
    ------
    NotYet

    Examples
    --------
    >>> slip(0.5, 1 / 2)
    >>> slip(np.array([4.0, 6.0]), [2, 3], [([4, 6], "that is the sum. Of how many?")])
    Traceback (most recent call last):
    crossmodal_edu.classroom.checks.checking.NotYet: that is the sum. Of how many?
    """
    if same(value, right, atol):
        return
    for mistake, hint in wrong.items() if isinstance(wrong, Mapping) else wrong:
        if same(value, mistake, atol):
            raise NotYet(hint)
    raise NotYet(otherwise or f"{_shown(value)} is not what comes out.")


def same(one: Any, other: Any, atol: float = 1e-5) -> bool:
    """Whether two numbers, texts, arrays or lists are equal, numbers but for their last digits."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    try:
        first, second = (np.asarray(x.detach() if isinstance(x, torch.Tensor) else x) for x in (one, other))
    except ValueError:  # rows of different lengths
        return False
    if first.shape != second.shape or "O" in (first.dtype.kind, second.dtype.kind):
        return first.shape == second.shape and bool(np.all(first == second))
    if first.dtype.kind in "US" or second.dtype.kind in "US":
        return first.tolist() == second.tolist()
    return np.allclose(first, second, rtol=1e-4, atol=atol, equal_nan=True)


def _shown(value: Any) -> str:
    array = np.asarray(value) if isinstance(value, (int, float, np.ndarray, np.number)) else None
    return f"{float(array):.4g}" if array is not None and array.ndim == 0 else f"{value!r:.80}"


def _is_untouched(answer: Any) -> bool:
    return answer is None or answer is ...


def _watched(answer: Any) -> Any:
    """A function of the learner's that says so when it has not been written yet, or returns nothing."""
    if not (inspect.isroutine(answer) or isinstance(answer, partial)):
        return answer

    @wraps(answer)
    def called(*arguments: Any, **options: Any) -> Any:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            result = answer(*arguments, **options)
        print(printed.getvalue(), end="")
        if result is ... or (result is None and _is_empty(answer)):
            raise Untouched
        if result is None:
            asked = "did you print the result?" if printed.getvalue() else "is there a `return` on every way?"
            raise NotYet(f"your function returned nothing; {asked}")
        return result

    return called


def _is_empty(function: Callable) -> bool:
    """Whether a function's body is ``...`` or ``pass``, perhaps under a docstring."""
    operations = [getattr(f, "__code__", None) for f in (function, lambda: None)]
    return None not in operations and len({code.co_code[::2] for code in operations}) == 1
