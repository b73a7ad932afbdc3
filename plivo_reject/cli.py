"""The root command: loads subcommands when they are used and turns every failure into a message and an exit code."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from plivo_reject import __version__
from plivo_reject.errors import Exit, PlivoRejectError, Terminated

COMMANDS = {
    "setup": "Create the Reject Call application, or bring it to the wanted settings.",
    "assign": "Point numbers at the application, so that their calls are rejected.",
    "unassign": "Take numbers off the application.",
    "numbers": "List the account's numbers and where each one's calls go.",
    "status": "Show the application, its settings, its numbers and what is wrong.",
    "history": "List recorded runs, newest first.",
    "undo": "Put everything back as it was before a run, by default the newest that is not undone.",
    "teardown": "Take every number off and delete the application and its companions.",
    "xml": "Print the hangup XML, for static hosting.",
    "serve": "Answer Plivo with the hangup XML.",
    "sandbox": "Serve a Plivo of one's own on loopback, to rehearse scripts against.",
    "demo": "Show the main job from end to end in the sandbox, no account needed.",
}
"""Short helps stand here so that ``--help`` imports no command."""


class LazyGroup(click.Group):
    """A group whose commands are modules of ``plivo_reject.commands``, each with a ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"plivo_reject.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve as click does, and name the nearest command for a misspelt one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run and exit with the documented code; no traceback reaches the user."""
        arguments = list(sys.argv[1:] if args is None else args)
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        try:
            with _termination_raised():
                result = super().main(
                    arguments, prog_name or "plivo-reject", complete_var, standalone_mode=False, **extra
                )
                sys.stdout.flush()
            code = result if isinstance(result, int) else Exit.OK
        except PlivoRejectError as error:
            code = _say(error, as_json="--json" in options)
        except click.ClickException as error:
            code = _say(_as_usage(error), as_json="--json" in options)
        except click.Abort as abort:
            terminated = isinstance(abort.__cause__, Terminated)
            code = _say(_interrupted(terminated=terminated), as_json="--json" in options)
        except BrokenPipeError:
            # The reader went away; the interpreter's last flush must not complain of it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            code = Exit.REFUSED
        except Exception as error:
            code = _say(_unexpected(error), as_json="--json" in options)
        sys.exit(int(code))


@contextmanager
def _termination_raised() -> Iterator[None]:
    """Turn SIGTERM into ``Terminated`` while a command runs, so that it is recorded as Ctrl-C is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(signum: int, frame: object) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _as_usage(error: click.ClickException) -> PlivoRejectError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "plivo-reject"
    return PlivoRejectError("USAGE", error.format_message(), hint=f"{path} --help", exit_code=Exit.USAGE)


def _interrupted(*, terminated: bool) -> PlivoRejectError:
    return PlivoRejectError(
        "TERMINATED" if terminated else "INTERRUPTED",
        "Stopped before anything was changed.",
        hint="Run the same command again.",
        exit_code=Exit.TERMINATED if terminated else Exit.INTERRUPTED,
        retryable=True,
    )


def _unexpected(error: Exception) -> PlivoRejectError:
    return PlivoRejectError(
        "UNEXPECTED",
        f"An unexpected error: {type(error).__name__}: {error}",
        hint="Run again with -v, and report it with what it prints.",
    )


def _say(error: PlivoRejectError, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": error.document()}), err=True)
    else:
        click.echo(click.style("Error: ", fg="red", bold=True) + error.message, err=True, color=_colour())
        if error.hint:
            click.echo(click.style("Hint: ", fg="yellow") + error.hint, err=True, color=_colour())
    return error.exit_code


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: plivo-reject setup --answer-url https://example.com/reject_calls/",
)
@click.version_option(__version__, prog_name="plivo-reject")
def cli() -> None:
    """Make Plivo phone numbers reject calls, and take it back as safely."""
