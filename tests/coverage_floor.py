"""Which lines of the pipeline the tests run: a module below the floor fails the run and is named.

A plugin of pytest, which ``make check`` loads by ``-p coverage_floor``; what is measured, and which lines
do not count, stands in ``pyproject.toml`` under ``[tool.coverage]``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from coverage import Coverage

FLOOR = 92
"""Per cent of the lines of each module."""

_MEASURED = Coverage(data_file=None, config_file=str(Path(__file__).parents[1] / "pyproject.toml"))
_BELOW: dict[str, float] = {}


def pytest_configure() -> None:
    _MEASURED.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Tests that say so, and those of what is not measured, run untraced: that saves much time."""
    omitted = (fnmatch(item.path.as_posix(), pattern) for pattern in _MEASURED.get_option("run:omit"))
    if not item.get_closest_marker("no_cover") and not any(omitted):
        return (yield)
    _MEASURED.stop()
    try:
        return (yield)
    finally:
        _MEASURED.start()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _MEASURED.stop()
    if exitstatus != pytest.ExitCode.OK:
        return
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        _MEASURED.json_report(outfile=str(report))
        modules = json.loads(report.read_text(encoding="utf-8"))["files"]
    shares = {name: module["summary"]["percent_covered"] for name, module in modules.items()}
    _BELOW.update({name: share for name, share in shares.items() if share < FLOOR})
    if _BELOW:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _BELOW:
        terminalreporter.section(f"modules of which the tests run less than {FLOOR} % of the lines")
        for name, share in sorted(_BELOW.items()):
            terminalreporter.line(f"{share:5.1f} %  {name}", red=True)
