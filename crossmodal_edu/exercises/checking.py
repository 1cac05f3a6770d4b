"""What all exercises share: a verdict that explains, and values that may vary a little."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np


class NotYet(Exception):
    """Raised inside a check with the hint that leads on."""


class Untouched(Exception):
    """Raised inside a check when there is no answer yet."""


def check(judge: Callable[..., str]) -> Callable[..., None]:
    """Turn a judge into a check that prints a verdict and never raises.

    The judge takes the learner's answer, raises :class:`NotYet` with a hint for an answer
    that is not right, and returns a sentence about one that is. An answer that is still
    ``...`` or ``None`` is "not tried yet"; so is a function that returns one of them.

    Examples
    --------
    >>> @check
    ... def check_sum(answer):
    ...     if answer != 4:
    ...         raise NotYet("count again.")
    ...     return "two and two."
    >>> check_sum(...)
    not tried yet
    >>> check_sum(5)
    Not yet: count again.
    >>> check_sum(4)
    Right: two and two.
    """

    @wraps(judge)
    def checked(*answers: Any) -> None:
        try:
            if any(_is_untouched(answer) for answer in answers):
                raise Untouched
            print(f"Right: {judge(*(_watched(answer) for answer in answers))}")
        except Untouched:
            print("not tried yet")
        except NotYet as hint:
            print(f"Not yet: {hint}")
        except Exception as error:
            # Whatever the learner's code raises is an answer too, and the chapter goes on.
            print(f"Not yet: your code stopped with {type(error).__name__}: {error}")

    return checked


def expect(name: str, value: float, low: float, high: float) -> None:
    """Print that a value lies in a range, in words that do not change from machine to machine.

    Raises
    ------
    AssertionError
        If it does not.

    Examples
    --------
    >>> expect("R@10", 0.93, 0.9, 1.0)
    R@10: between 0.9 and 1.0, as it should be
    """
    if not low <= value <= high:
        raise AssertionError(f"{name} is {value}, expected between {low} and {high}")
    print(f"{name}: between {low} and {high}, as it should be")


def _is_untouched(answer: Any) -> bool:
    return answer is None or answer is ...


def _watched(answer: Any) -> Any:
    """A function of the learner's that says so when it has not been written yet."""
    if not callable(answer) or isinstance(answer, (type, np.ndarray)):
        return answer

    @wraps(answer)
    def called(*arguments: Any, **options: Any) -> Any:
        result = answer(*arguments, **options)
        if _is_untouched(result):
            raise Untouched
        return result

    return called
