from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plivo_reject import apply
from plivo_reject.cli import cli
from plivo_reject.sandbox import Sandbox, SandboxOptions

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has its own folder, home and journal, and nobody's credentials."""
    for name in list(os.environ):
        if name.startswith("PLIVO_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PLIVO_REJECT_JOURNAL", str(tmp_path / "journal.jsonl"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    # Read-backs that must run out of patience do so soon.
    monkeypatch.setattr(apply, "SHOWS_WITHIN", (0.05, 0.1, 0.2, 0.4, 0.6))


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A Plivo with ten numbers, where the credentials of the environment point."""
    with Sandbox(SandboxOptions()) as served:
        for name, value in served.env().items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture
def make_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Sandbox]]:
    """Make a sandbox with options."""
    made: list[Sandbox] = []

    def make(**options: object) -> Sandbox:
        served = Sandbox(SandboxOptions(**options)).__enter__()
        made.append(served)
        for name, value in served.env().items():
            monkeypatch.setenv(name, value)
        return served

    yield make
    for served in made:
        served.__exit__(None, None, None)


@pytest.fixture
def run() -> Run:
    """Run a command line as a user would; standard output and error are apart."""

    def invoke(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, list(arguments), input=stdin)
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def python() -> str:
    return sys.executable


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """A pool's threads end with the run."""
    yield
    left = [thread for thread in threading.enumerate() if "run" in thread.name and thread.is_alive()]
    for thread in left:
        thread.join(2)
        assert not thread.is_alive()
