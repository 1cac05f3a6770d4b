"""What all exercises share: a verdict that explains, and a comparison that knows the usual mistakes."""

from __future__ import annotations

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from inspect import signature
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
            for answer, wanted in zip(answers, signature(judge).parameters.values(), strict=False):
                if str(wanted.annotation).startswith("Callable") and not callable(answer):
                    raise NotYet("hand over the function itself: its name alone, with no brackets behind it.")
            with np.errstate(all="ignore"):
                verdict = Verdict("right", judge(*(_watched(answer) for answer in answers)))
        except Untouched:
            verdict = Verdict("not tried yet")
        except NotYet as hint:
            verdict = Verdict("not yet", str(hint))
        except Exception as error:
            # Whatever the learner's code raises is an answer too, and the chapter goes on.
            said = f"{type(error).__name__}: {error}" if str(error) else f"{type(error).__name__}."
            verdict = Verdict("not yet", f"your code stopped with {said}")
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
        What a known mistake gives. Numbers, tuples and tensors may be keys; lists and arrays
        come in pairs. Those equal to ``right`` are passed over, so that a table of mistakes
        may be computed.
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
        first, second = _array(one), _array(other)
    except ValueError:  # rows of different lengths
        return False
    if first.shape != second.shape:
        return False
    if not (_is_numeric(first) and _is_numeric(second)):
        return first.tolist() == second.tolist()
    return np.allclose(first, second, rtol=1e-4, atol=atol, equal_nan=True)


def number(answer: Any) -> float:
    """The one number of an answer, which may be a text, a fraction, or an array or tensor of one.

    Examples
    --------
    >>> number("0.96"), number("24/25"), number("96 %"), number(np.array([[0.96]]))
    (0.96, 0.96, 0.96, 0.96)
    """
    try:
        if not isinstance(answer, str):
            return float(_array(answer).reshape(()))
        above, _, below = answer.rstrip(" %").partition("/")
        return float(above) / float(below or 1) / (100 if answer.rstrip().endswith("%") else 1)
    except (TypeError, ValueError, ZeroDivisionError):
        if isinstance(answer, tuple) and len(answer) == 2 and all(isinstance(part, int) for part in answer):
            raise NotYet(
                f"one number is asked for, and {answer} is two. A decimal has a point, not a comma."
            ) from None
        raise NotYet(f"one number is asked for; yours is {_shown(answer)}.") from None


def numbers(answer: Any) -> np.ndarray:
    """An answer's numbers as an array, be it an array, a tensor, or lists of any of these.

    Examples
    --------
    >>> numbers([torch.tensor([1.0, 2.0]), (3, 4)]).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    try:
        array = _array(answer)
    except ValueError:
        raise NotYet("the rows are of different lengths, which makes no table.") from None
    if not _is_numeric(array):
        raise NotYet(f"numbers are asked for; yours is {_shown(answer)}.")
    return array


def shaped(
    answer: Any, shape: Sequence[int], rule: str, wrong: Mapping[tuple[int, ...], str] | None = None
) -> np.ndarray:
    """An answer's numbers, if they have the right shape; a known wrong shape has its own hint.

    Examples
    --------
    >>> shaped([1, 2, 3], (2,), "a vector of the plane has two numbers")
    Traceback (most recent call last):
    crossmodal_edu.classroom.checks.checking.NotYet: a vector of the plane has two numbers;
    yours has the shape (3,).
    """
    array = numbers(answer)
    if array.shape == tuple(shape):
        return array
    if array.shape in (wrong or {}):
        raise NotYet(wrong[array.shape])
    raise NotYet(f"{rule}; yours {f'has the shape {array.shape}' if array.ndim else 'is one number'}.")


def gradient(function: Callable[[torch.Tensor], Any], at: torch.Tensor) -> torch.Tensor | None:
    """The slope of a learner's function, by torch; None where no gradient comes back.

    Examples
    --------
    >>> gradient(lambda x: x.square().sum(), torch.tensor([1.0, 3.0]))
    tensor([2., 6.])
    >>> gradient(lambda x: x.square().sum().item(), torch.tensor([1.0, 3.0]))
    """
    at = at.detach().clone().requires_grad_()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch on float(tensor): the verdict says it in plain words
            return torch.autograd.grad(function(at), at)[0]
    except Exception:  # a float, an array, or NumPy that refuses: each has its own error
        return None


def is_pair(answer: Any) -> bool:
    """Whether an answer is two texts, in a tuple or a list."""
    return (
        isinstance(answer, (tuple, list))
        and len(answer) == 2
        and all(isinstance(text, str) for text in answer)
    )


def _array(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype is torch.bfloat16 else value).resolve_conj().numpy()
    array = np.asarray([_array(item) for item in value] if isinstance(value, (list, tuple)) else value)
    if array.dtype.kind == "O":  # fractions and decimals are numbers too
        with contextlib.suppress(TypeError, ValueError):
            return array.astype(float)
    return array


def _is_numeric(array: np.ndarray) -> bool:
    return array.dtype.kind in "biufc"


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
        try:
            with contextlib.redirect_stdout(printed):
                result = answer(*arguments, **options)
        finally:
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
