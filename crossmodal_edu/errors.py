"""One family of errors, each of which says what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class CrossmodalError(Exception):
    """Something that was given to the package cannot be used.

    Parameters
    ----------
    problem : str
        What was given and why it cannot be used, in one sentence.
    accepted : str
        What would have been accepted.
    remedy : str
        What to do now.

    Examples
    --------
    >>> print(CrossmodalError("k is 0.", accepted="1 to 5.", remedy="Ask for one product or more."))
    k is 0.
      accepted: 1 to 5.
      what to do: Ask for one product or more.
    """

    def __init__(self, problem: str, *, accepted: str = "", remedy: str = ""):
        super().__init__(problem, accepted, remedy)
        self.problem = problem
        self.accepted = accepted
        self.remedy = remedy

    @classmethod
    def unknown(
        cls, problem: str, known: Iterable[str], remedy: str = "Use one of these names."
    ) -> CrossmodalError:
        """The error for a name that means nothing here; ``known`` are those that do."""
        names = ", ".join(known) or "nothing, since there is none yet"
        return cls(problem, accepted=f"{names}.", remedy=remedy)

    def __str__(self) -> str:
        accepted = f"\n  accepted: {self.accepted}" if self.accepted else ""
        return self.problem + accepted + (f"\n  what to do: {self.remedy}" if self.remedy else "")


class InputError(CrossmodalError):
    """A query or file cannot be read as text, image, audio or video."""


class TableError(CrossmodalError):
    """A product table cannot be read, or a row of it is unusable."""


class DataMissingError(CrossmodalError):
    """A data set or trained model is not on this machine."""


class RankingError(CrossmodalError):
    """Vectors or scores cannot be ranked: wrong shape, NaN, or k out of range."""


class MetricError(CrossmodalError):
    """A metric is not defined for what was given."""


class VocabularyError(CrossmodalError):
    """A word is unknown, or a text holds too few words to learn from."""


class SpaceError(CrossmodalError):
    """Features do not fit the embedding space or its model."""


class StorageError(CrossmodalError):
    """A saved folder cannot be written or read back."""


def first_line(error: BaseException) -> str:
    """Why a library gave up, short enough for one sentence of ours.

    Examples
    --------
    >>> first_line(ValueError("It is cut off.\\nAt length …")), first_line(EOFError())
    ('It is cut off.', 'EOFError')
    """
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around the import of a library that an extra of the package brings: a missing one says which.

    Examples
    --------
    >>> with extra("book"):
    ...     import no_such_library
    Traceback (most recent call last):
    ...
    crossmodal_edu.errors.DataMissingError: The library no_such_library is not installed; the extra...
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise DataMissingError(
            f"The library {error.name} is not installed; the extra {name!r} brings it.",
            remedy=f'In the folder of this project, run: python -m pip install ".[{name}]"',
        ) from error
