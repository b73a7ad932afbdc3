"""Options that mean the same in every command."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from plivo_reject.context import Context, Options
from plivo_reject.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_SHARED = (
    click.option("--env-file", metavar="PATH", help="Read credentials from this file instead of .env."),
    click.option("--auth-id", metavar="ID", help="Plivo auth id (PLIVO_AUTH_ID)."),
    click.option("--subaccount", metavar="SA...", help="Act on this subaccount's resources."),
    click.option("--api-url", metavar="URL", help="The API's base, version included (PLIVO_API_URL)."),
    click.option("--timeout", type=click.FloatRange(min=0, min_open=True), default=10.0, help="Seconds a request."),
    click.option("--workers", type=click.IntRange(1, 256), default=16, help="Requests at once."),
    click.option("--rate", type=click.IntRange(min=1), default=300, help="Requests per 5 seconds."),
    click.option("--retry-for", type=click.FloatRange(min=0), default=60.0, help="Seconds to repeat passing faults."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output."),
    click.option("-v", "--verbose", is_flag=True, help="Show each request on standard error."),
    click.option("-q", "--quiet", is_flag=True, help="Print no progress and no hints."),
)
_APPLICATION = (
    click.option("--app-name", metavar="NAME", help="The application's exact name (PLIVO_APP_NAME) [Reject Call]."),
    click.option("--app-id", metavar="ID", help="The application's id."),
)
_JOURNAL = (click.option("--journal", metavar="PATH", help="Record runs in this file (PLIVO_REJECT_JOURNAL)."),)
_WRITING = (
    click.option("--dry-run", is_flag=True, help="Print the plan, write nothing."),
    click.option("--yes", is_flag=True, help="Ask no question."),
    *_JOURNAL,
    click.option("--no-journal", is_flag=True, help="Record nothing; the run cannot be undone."),
)
_NUMBERS = (
    click.argument("texts", metavar="[NUMBER]...", nargs=-1),
    click.option("--region", metavar="CC", help="Read national numbers in this region, such as US."),
    click.option("--from-file", metavar="FILE", help="Read numbers from a file, one a line; - is standard input."),
    click.option("--all", "every", is_flag=True, help="All numbers that the command can act on."),
    click.option("--starts-with", metavar="PREFIX", help="Narrow --all to numbers that begin so."),
)


def shared(*, application: bool = True, writes: bool = False, journal: bool = False) -> Callable[[Command], Command]:
    """Add the shared options; the command gets them as its first argument, a ``Context``."""
    wanted = (*_SHARED, *(_APPLICATION if application else ()), *(_WRITING if writes else ()))
    wanted = (*wanted, *(_JOURNAL if journal and not writes else ()))
    names = {field for field in Options.__dataclass_fields__}

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def wrapper(**given: Any) -> Any:
            options = Options(**{name: given.pop(name) for name in names & given.keys()})
            if options.app_name and options.app_id:
                raise UsageError("USAGE", "--app-name and --app-id exclude each other.")
            context = Context(options)
            return function(context, **given)

        decorated: Any = wrapper
        for option in reversed(wanted):
            decorated = option(decorated)
        result: Command = decorated
        return result

    return decorate


def numbers(function: Command) -> Command:
    """Add the NUMBER arguments and the options that name numbers in other ways."""
    decorated: Any = function
    for option in reversed(_NUMBERS):
        decorated = option(decorated)
    result: Command = decorated
    return result


def given_numbers(
    texts: Sequence[str], *, region: str | None, from_file: str | None, every: bool, starts_with: str | None
) -> list[str] | None:
    """Return the digits of the numbers named, None for ``--all``.

    Raises ``UsageError`` for a bad number, a bad line or file, and when no number or too much is named.
    """
    from plivo_reject import phone

    region = phone.check_region(region)
    named = bool(texts or from_file)
    if every == named:
        raise UsageError(
            "NUMBERS_MISSING" if not named else "NUMBERS_AND_ALL",
            "No number is named." if not named else "--all and numbers exclude each other.",
            hint="Name numbers such as +14155550100, or give --from-file FILE or --all.",
        )
    if starts_with and not every:
        raise UsageError("USAGE", "--starts-with narrows --all, which is not given.", hint="Add --all.")
    if every:
        return None
    found: list[str] = []
    for text in texts:
        found += _from_stream("-", region) if text == "-" else [phone.parse(text, region)]
    if from_file:
        found += _from_stream(from_file, region)
    if not found:
        raise UsageError("NUMBERS_MISSING", "There is no number in the input.", hint="Put one number a line.")
    return phone.unique(found)


def _from_stream(name: str, region: str | None) -> list[str]:
    from plivo_reject import phone

    source = "standard input" if name == "-" else name
    try:
        with click.open_file(name, encoding="utf-8") as stream:
            return phone.read_lines(stream, source=source, region=region)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError("NUMBERS_UNREADABLE", f"{source} cannot be read: {reason}.") from None


def digits_prefix(starts_with: str | None) -> str | None:
    """Return the digits of a prefix such as ``+1 415``; raises ``UsageError`` when it holds anything else."""
    if starts_with is None:
        return None
    digits = "".join(character for character in starts_with if character not in "+-(). ")
    if not (digits.isascii() and digits.isdigit()):
        raise UsageError(
            "BAD_PREFIX", f"--starts-with {starts_with!r} is not the start of a number.", hint="Write it as +1415."
        )
    return digits
