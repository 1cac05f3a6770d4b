"""Numbers that depend on a training or a machine: shown, and held against a range."""

from __future__ import annotations


def expect(name: str, value: float, low: float, high: float) -> None:
    """Print a value and the range in which it is expected.

    A stored output holds the value of one machine and another machine prints another: the tests of the
    notebooks leave the value out of their comparison, since it has been judged here.

    Parameters
    ----------
    name : str
        What is measured.
    value : float
    low, high : float
        The range, both ends included.

    Raises
    ------
    AssertionError
        If the value lies outside of it.

    Examples
    --------
    >>> expect("R@10", 0.934, 0.9, 1)
    R@10: 0.934, expected 0.9 to 1
    """
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    if not low <= value <= high:
        raise AssertionError(f"{name} is {shown}, expected {low:,} to {high:,}")
    print(f"{name}: {shown}, expected {low:,} to {high:,}")
