"""``plivo-reject serve``."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import click

from plivo_reject.errors import PlivoRejectError, UsageError
from plivo_reject.hangup import REASONS
from plivo_reject.settings import read_environment, read_token


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: plivo-reject serve --port 8080 --public-url https://example.com/reject_calls/",
)
@click.option("--reason", type=click.Choice(REASONS), default="rejected", help="What the caller's network is told.")
@click.option("--path", default="/reject_calls/", show_default=True, help="The answer URL's path.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port [$PORT, else 5000]; 0 picks a free one.")
@click.option("--uds", type=click.Path(dir_okay=False, path_type=Path), help="Listen on this Unix socket instead.")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TLS certificate.")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its private key.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option("--public-url", metavar="URL", help="The URL that Plivo calls, when a proxy stands in between.")
@click.option("--forwarded-allow-ips", default="", metavar="IPS", help="Proxies whose X-Forwarded-* are believed.")
@click.option("--on-bad-signature", type=click.Choice(["refuse", "answer"]), default="refuse", help="With a bad one.")
@click.option("--no-verify", is_flag=True, help="Believe everybody, even when the token is known.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="How calls are logged.")
@click.option("--mask-numbers", is_flag=True, help="Log only the last four digits of numbers.")
@click.option("--env-file", metavar="PATH", help="Read the auth token from this file instead of .env.")
def command(
    reason: str,
    path: str,
    host: str,
    port: int | None,
    uds: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    workers: int,
    public_url: str | None,
    forwarded_allow_ips: str,
    on_bad_signature: str,
    no_verify: bool,
    log_format: str,
    mask_numbers: bool,
    env_file: str | None,
) -> None:
    """Answer Plivo with the hangup XML.

    With an auth token known, only requests that Plivo signed are answered. Calls are logged on standard output.
    """
    if not re.fullmatch(r"/[!-~]*", path) or "?" in path or "#" in path:
        raise UsageError("BAD_PATH", f"--path {path!r} is not a path.", hint="Use one such as /reject_calls/.")
    if bool(tls_cert) != bool(tls_key):
        raise UsageError("USAGE", "--tls-cert and --tls-key belong together.")
    if public_url and not re.fullmatch(r"https?://[^/\s]+\S*", public_url):
        raise UsageError("BAD_URL", f"--public-url {public_url!r} is not an http or https URL.")
    variables, _ = read_environment(env_file)
    token = read_token(variables)
    if port is None:
        port = _port(variables.get("PORT", "5000"))
    os.environ.update(
        {
            "PLIVO_AUTH_TOKEN": token,
            "PLIVO_AUTH_TOKEN_PREVIOUS": variables.get("PLIVO_AUTH_TOKEN_PREVIOUS", ""),
            "PLIVO_REJECT_REASON": reason,
            "PLIVO_REJECT_PATH": path,
            "PLIVO_REJECT_VERIFY": "0" if no_verify else "1",
            "PLIVO_REJECT_ON_BAD_SIGNATURE": on_bad_signature,
            "PLIVO_REJECT_PUBLIC_URL": public_url or "",
            "PLIVO_REJECT_FORWARDED_ALLOW_IPS": forwarded_allow_ips,
            "PLIVO_REJECT_LOG_FORMAT": log_format,
            "PLIVO_REJECT_MASK_NUMBERS": "1" if mask_numbers else "0",
        }
    )
    port = 0 if uds else _free(host, port)
    shown = f"[{host}]" if ":" in host else host
    where = f"unix:{uds}" if uds else f"{'https' if tls_cert else 'http'}://{shown}:{port}{path}"
    _run(host, port, uds, tls_cert, tls_key, workers, where, token=bool(token) and not no_verify)


def _run(
    host: str,
    port: int,
    uds: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    workers: int,
    where: str,
    *,
    token: bool,
) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    server = Granian(
        "plivo_reject.server:app",
        address=host,
        port=port,
        uds=uds,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        workers=workers,
        websockets=False,
        log_level=LogLevels.error,
        ssl_cert=tls_cert,
        ssl_key=tls_key,
        respawn_failed_workers=True,
        workers_kill_timeout=5,
    )

    def say() -> None:
        # The server would restart its workers on a hang-up of the terminal; calls go on being answered instead.
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        click.echo(f"Listening on {where}", err=True)
        checked = "Only requests that Plivo signed are answered."
        click.echo(checked if token else "Warning: signatures are not checked; anybody can post to it.", err=True)
        click.echo("Next: plivo-reject setup --answer-url https://YOUR-HOST/reject_calls/", err=True)

    server.on_startup(say)
    server.serve()
    click.echo("Stopped.", err=True)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise UsageError("BAD_PORT", f"PORT {text!r} is not a port.", hint="Use a number from 0 to 65535, or --port.")
    return int(text)


def _free(host: str, port: int) -> int:
    """Return the port, a free one for 0; raises ``PlivoRejectError`` when it cannot be listened on."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            chosen: int = probe.getsockname()[1]
            return chosen
    except OSError as error:
        raise PlivoRejectError(
            "PORT_UNUSABLE",
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            hint="Use another --port, or --port 0 to pick a free one.",
        ) from None
