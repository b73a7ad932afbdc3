"""``plivo-reject sandbox``."""

from __future__ import annotations

import threading

import click

from plivo_reject.errors import PlivoRejectError, UsageError
from plivo_reject.settings import is_loopback


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: plivo-reject sandbox --numbers 1000 --latency-ms 60",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; 0 picks a free one.")
@click.option("--numbers", type=click.IntRange(0), default=10, show_default=True, help="Numbers on the account.")
@click.option("--latency-ms", type=click.FloatRange(0), default=0, help="Pause before each answer.")
@click.option("--rate", type=click.IntRange(1), default=300, show_default=True, help="Requests allowed per 5 s.")
@click.option("--lag-ms", type=click.FloatRange(0), default=0, help="Writes show so much later.")
@click.option(
    "--unlink",
    type=click.Choice(["none", "default", "ignore"]),
    default="none",
    help="What taking a number off comes to: no application, the default one, or nothing at all.",
)
@click.option("--strict-names", is_flag=True, help="Refuse application names with a space.")
@click.option("--paging", type=click.Choice(["offset", "cursor", "broken"]), default="offset", help="How lists page.")
@click.option("--fault", "faults", multiple=True, metavar="KIND[:METHOD[:PATH[:COUNT[:AFTER]]]]", help="A fault.")
def command(
    host: str,
    port: int,
    numbers: int,
    latency_ms: float,
    rate: int,
    lag_ms: float,
    unlink: str,
    strict_names: bool,
    paging: str,
    faults: tuple[str, ...],
) -> None:
    """Serve a Plivo of one's own on loopback, to rehearse scripts against.

    Prints the export lines that point any plivo-reject at it. Everything is in memory and gone when it stops. Faults
    are such as 503:GET, drop-after:POST:Application or 429-seconds:*:Number:5; more at the control path
    /_sandbox/faults.
    """
    if not is_loopback(host):
        raise UsageError("BAD_HOST", f"--host {host!r} is no loopback address.", hint="Use 127.0.0.1 or ::1.")
    from plivo_reject.sandbox import Sandbox, SandboxOptions

    options = SandboxOptions(
        host=host,
        port=port,
        numbers=numbers,
        latency_ms=latency_ms,
        rate=rate,
        lag_ms=lag_ms,
        unlink=unlink,
        strict_names=strict_names,
        paging=paging,
        faults=faults,
    )
    try:
        sandbox = Sandbox(options)
    except ValueError as error:
        raise UsageError("BAD_FAULT", f"--fault: {error}.", hint="For example --fault 503:GET") from None
    except OSError as error:
        raise PlivoRejectError(
            "PORT_UNUSABLE",
            f"Cannot listen on {host}:{port}: {error.strerror}.",
            hint="Use --port 0.",
        ) from None
    with sandbox:
        for name, value in sandbox.env().items():
            click.echo(f"export {name}={value}")
        click.echo("Paste these lines into another shell; Ctrl-C stops the sandbox.", err=True)
        click.echo("Next: plivo-reject numbers", err=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("The sandbox has stopped.", err=True)
