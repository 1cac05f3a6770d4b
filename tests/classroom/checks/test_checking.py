"""The verdict, what a check does with an answer of any kind, and the comparison with known mistakes."""

from __future__ import annotations

import ast
import functools
import inspect
from decimal import Decimal
from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest
import torch

from crossmodal_edu.classroom.checks.checking import (
    NotYet,
    Verdict,
    check,
    number,
    numbers,
    same,
    shaped,
    slip,
)

MODULES = ("attention", "concepts", "convolution", "glove", "mfcc", "pipeline", "sentences", "word2vec")


@check
def check_double(double):
    """Two times a number, two times."""
    slip(double(2), 4, {2: "as it was.", 1: "that is half."})
    slip(double(-3), -6, {6: "where did the sign go?"})
    return "twice as much."


@check
def check_number(answer):
    slip(number(answer), 4, {5: "count again."}, "two and two.")
    return "four."


# --- verdicts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "state", "text"),
    [
        (4, "right", "Right: four."),
        (5, "not yet", "Not yet: count again."),
        (6, "not yet", "Not yet: two and two."),
        (..., "not tried yet", "not tried yet"),
        (None, "not tried yet", "not tried yet"),
    ],
)
def test_a_verdict_is_printed_once_and_returned(capsys, answer, state, text):
    verdict = check_number(answer)
    assert capsys.readouterr().out == f"{text}\n"
    assert (verdict.state, str(verdict), bool(verdict)) == (state, text, state == "right")
    assert verdict.reason == text.partition(": ")[2]


def test_a_notebook_does_not_show_a_verdict_again(capsys):
    assert Verdict("right", "yes.")._ipython_display_() is None
    assert capsys.readouterr().out == ""


def test_a_check_keeps_its_name_and_its_words():
    assert check_double.__name__ == "check_double" and check_double.__doc__.startswith("Two times")


# --- functions of the learner's ----------------------------------------------------------------------------


def _dots(x): ...


def _passes(x):
    pass


def _documented(x):
    """Twice x."""


def _returns_dots(x):
    return ...


def _returns_none(x):
    return None


@pytest.mark.parametrize("double", [_dots, _passes, _documented, _returns_dots, _returns_none, lambda x: ...])
def test_a_function_without_a_body_is_not_tried_yet(said, double):
    assert said(check_double, double).state == "not tried yet"


def _prints(x):
    print(2 * x)


def _forgets(x):
    x = 2 * x


def _returns_on_one_way(x):
    if x > 0:
        return 2 * x


class _Printer:
    def __call__(self, x):
        print(2 * x)


@pytest.mark.parametrize(
    ("double", "hint"),
    [
        (_prints, "did you print the result?"),
        (functools.partial(_prints), "did you print the result?"),
        (_Printer().__call__, "did you print the result?"),
        (_forgets, "a `return` on every way?"),
        (_returns_on_one_way, "a `return` on every way?"),
        (lambda x: x, "as it was"),
        (lambda x: 2 * abs(x), "the sign"),
        (lambda x: x / 0, "stopped with ZeroDivisionError: division by zero"),
        (lambda x: unknown(x), "stopped with NameError"),
        (lambda x: [2 * x, 2 * x][5], "stopped with IndexError"),
        (lambda x, y: 2 * x, "stopped with TypeError"),
        (lambda x: _raises(), "stopped with AssertionError."),
    ],
)
def test_a_wrong_function_gets_its_hint(refuses, double, hint):
    refuses(check_double, double, hint=hint)


def _raises():
    raise AssertionError


@pytest.mark.parametrize(
    "double", [lambda x: 2 * x, lambda x: np.float32(2 * x), functools.partial(np.multiply, 2)]
)
def test_a_right_function_is_accepted(accepts, double):
    accepts(check_double, double)


def test_what_a_function_prints_on_its_way_is_shown(capsys):
    check_double(lambda x: print("here", x) or 2 * x)
    assert capsys.readouterr().out == "here 2\nhere -3\nRight: twice as much.\n"


def test_what_a_function_printed_before_it_stopped_is_shown(capsys):
    check_double(lambda x: print("here") or x / 0)
    assert capsys.readouterr().out.startswith("here\nNot yet: your code stopped")


@pytest.mark.parametrize("module", MODULES)
def test_a_result_in_place_of_a_function_is_sent_back(refuses, module):
    module = import_module(f"crossmodal_edu.classroom.checks.{module}")
    for name, judged in vars(module).items():
        first = (
            next(iter(inspect.signature(judged).parameters.values())) if name.startswith("check_") else None
        )
        if first is not None and str(first.annotation).startswith("Callable"):
            refuses(judged, 0.5, hint="the function itself")


def test_numpy_keeps_its_warnings_to_itself(said, recwarn):
    said(check_double, lambda x: float(np.array([0.0]) / np.array([0.0])))
    assert not recwarn.list


# --- comparisons -------------------------------------------------------------------------------------------

EQUAL = [
    (0.5, 1 / 2),
    (1, 1.0),
    (True, 1),
    (np.float32(0.1), 0.1),
    (Fraction(24, 25), 0.96),
    (Decimal("0.96"), 0.96),
    (np.float64([1, 2]), torch.tensor([1.0, 2.0])),
    (torch.tensor([1, 2]), torch.tensor([1.0, 2.0], dtype=torch.float64)),
    (torch.tensor([1.0, 2.0], dtype=torch.bfloat16), [1, 2]),
    (torch.tensor([1.0], requires_grad=True), (1,)),
    ([torch.tensor([1.0, 2.0]), np.array([3, 4])], [[1, 2], (3, 4)]),
    (1000 * (1 + 1e-5), 1000),
    (np.nan, np.nan),
    ([1, np.nan], torch.tensor([1, torch.nan])),
    (np.inf, float("inf")),
    (1 + 0j, 1),
    ([], ()),
    ("red", "red"),
    (["red", "bag"], ("red", "bag")),
    ([("red", "bag")], np.array([["red", "bag"]])),
    ({"red": 1}, {"red": 1}),
]

UNEQUAL = [
    (0.5, 0.501),
    (1, -1),
    ([1, 2], [2, 1]),
    ([1, 2], [[1, 2]]),
    ([1], 1),
    ([], [1]),
    ([[1], [1, 2]], [[1], [1, 2]][::-1]),
    ([[1], [1, 2]], [1, 2]),
    (np.nan, 0),
    (np.inf, -np.inf),
    (1 + 1j, 1),
    ("red", "Red"),
    ("1", 1),
    (["1"], [1]),
    (["red", "bag"], ["bag", "red"]),
    ({"red": 1}, {"red": 2}),
    (None, 0),
    (1000, 1001),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_the_same(one, other):
    assert same(one, other) and same(other, one)
    slip(one, other)


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_not_the_same(one, other):
    assert not same(one, other) and not same(other, one)
    with pytest.raises(NotYet):
        slip(one, other)


def test_slip_finds_the_mistake_in_a_mapping_or_in_pairs():
    for wrong in (
        {5: "one", 3: "two"},
        [(5, "one"), (3, "two")],
        ((w, h) for w, h in [(5, "one"), (3, "two")]),
    ):
        with pytest.raises(NotYet, match=r"^two$"):
            slip(3, 4, wrong, "other")
    with pytest.raises(NotYet, match=r"^other$"):
        slip(9, 4, {5: "one"}, "other")


def test_slip_takes_tensors_as_keys():
    with pytest.raises(NotYet, match=r"^the sum$"):
        slip(
            np.array([4.0, 6.0]),
            [2, 3],
            {torch.tensor([1.0, 1.0]): "ones", torch.tensor([4.0, 6.0]): "the sum"},
        )


def test_a_mistake_equal_to_the_right_value_is_passed_over():
    slip(4, 4, {4: "no"})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.123456, "0.1235 is not"),
        ("red", "'red' is not"),
        ([1, 2], "[1, 2] is not"),
        (np.float32(2), "2 is not"),
    ],
)
def test_slip_shows_the_value_when_it_knows_nothing_better(value, shown):
    with pytest.raises(NotYet) as raised:
        slip(value, 7)
    assert shown in str(raised.value)


def test_slip_is_as_strict_as_it_is_told():
    slip(0.27, 0.2689, atol=0.006)
    with pytest.raises(NotYet):
        slip(0.27, 0.2689)


# --- numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [0.5, "0.5", " .5 ", "1/2", "50 %", Fraction(1, 2), np.array([[0.5]]), torch.tensor(0.5), [0.5]]
)
def test_one_number(answer):
    assert number(answer) == 0.5


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("half", "yours is 'half'"),
        ("1/0", "yours is '1/0'"),
        ("/2", "yours is '/2'"),
        ([1, 2], r"yours is \[1, 2\]"),
        ((0, 5), "a point, not a comma"),
        ([], r"yours is \[\]"),
        (1j, "yours is"),
        ({}, "yours is {}"),
    ],
)
def test_no_number(answer, hint):
    with pytest.raises(NotYet, match=hint):
        number(answer)


@pytest.mark.parametrize(
    ("answer", "hint"), [("half", "'half'"), (["a"], "'a'"), ({}, "{}"), ([[1], [1, 2]], "lengths")]
)
def test_no_numbers(answer, hint):
    with pytest.raises(NotYet, match=hint):
        numbers(answer)


def test_shapes_have_hints_of_their_own():
    assert shaped([[1, 2]], (1, 2), "a row").tolist() == [[1, 2]]
    for answer, hint in (
        ([1, 2], "^flat$"),
        ([[1], [2]], r"^a row; yours has the shape \(2, 1\)\.$"),
        (1, "^a row; yours is one number"),
    ):
        with pytest.raises(NotYet, match=hint):
            shaped(answer, (1, 2), "a row", {(2,): "flat", (1, 2): "never"})


# --- all chapters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_every_hint_of_a_chapter_is_its_own(module):
    """Read from the source: no two wrong answers get the same words, unless by a name that both use."""
    tree = ast.parse(inspect.getsource(import_module(f"crossmodal_edu.classroom.checks.{module}")))
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    hints = [text for text in texts if len(text) > 45]
    assert len(hints) == len(set(hints)) >= 25
