"""``plivo-reject demo``."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from plivo_reject.errors import PlivoRejectError

ANSWER_URL = "https://example.com/reject_calls/"


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: plivo-reject demo",
)
def command() -> None:
    """Show the main job from end to end in the sandbox, no account needed.

    Touches nothing of yours: a sandbox on loopback, a journal in a temporary folder, no .env.
    """
    from plivo_reject.sandbox import Sandbox

    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        surrounding = {name: value for name, value in os.environ.items() if not name.startswith("PLIVO_")}
        environment = {**surrounding, **sandbox.env(), "PLIVO_REJECT_JOURNAL": str(Path(folder, "journal.jsonl"))}
        environment["NO_PROXY"] = environment["no_proxy"] = "127.0.0.1"
        number = "+14155550100"
        for arguments in (f"setup --answer-url {ANSWER_URL}", f"assign {number}", "status"):
            _run(arguments, environment, folder)
        with _server(environment, folder) as (command_line, url):
            _call(command_line, url, environment["PLIVO_AUTH_TOKEN"], number)
        _run(f"unassign {number}", environment, folder)
    click.secho("That was a rehearsal. With an account of your own:", bold=True)
    click.echo("  export PLIVO_AUTH_ID=MA... PLIVO_AUTH_TOKEN=...")
    click.echo("  plivo-reject setup --answer-url https://YOUR-HOST/reject_calls/")


def _run(arguments: str, environment: Mapping[str, str], folder: str) -> None:
    click.secho(f"$ plivo-reject {arguments}", bold=True)
    done = subprocess.run(
        [sys.executable, "-m", "plivo_reject", *shlex.split(arguments)],
        env=dict(environment),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    click.echo(done.stdout)
    if done.returncode:
        raise PlivoRejectError("DEMO_FAILED", f"plivo-reject {arguments} ended with exit code {done.returncode}.")


@contextmanager
def _server(environment: Mapping[str, str], folder: str) -> Iterator[tuple[str, str]]:
    arguments = ["serve", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "plivo_reject", *arguments],
        env=dict(environment),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # A server that never says where it listens must not keep the demo waiting.
    watchdog = threading.Timer(10, process.kill)
    watchdog.start()
    assert process.stderr is not None
    try:
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"http://\S+", line):
                watchdog.cancel()
                yield f"plivo-reject {' '.join(arguments)}\n{said.rstrip()}", found[0].rstrip(".,")
                break
        else:
            raise PlivoRejectError("DEMO_FAILED", f"The answer server did not start: {said.strip()}")
    finally:
        watchdog.cancel()
        process.terminate()
        log, _ = process.communicate(timeout=10)
        click.echo(log)


def _call(command_line: str, url: str, token: str, number: str) -> None:
    from plivo_reject.signature import sign

    click.secho(f"$ {command_line.partition(chr(10))[0]}", bold=True)
    click.echo(command_line.partition("\n")[2])
    call = {
        "CallUUID": "9f1c2a44-demo",
        "From": "14155550199",
        "To": number.lstrip("+"),
        "CallStatus": "ringing",
        "Direction": "inbound",
    }
    nonce = "12345678901234567890"
    headers = {
        "X-Plivo-Signature-V3": sign(token, "POST", url, list(call.items()), nonce),
        "X-Plivo-Signature-V3-Nonce": nonce,
    }
    click.secho(f"A call comes in; Plivo asks POST {url}", bold=True)
    request = urllib.request.Request(url, urlencode(call).encode(), headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with _opened(opener, request) as answer:
        click.echo(f"{answer.status} {answer.headers['Content-Type']}")
        click.echo(answer.read().decode())


def _opened(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Any:
    give_up = time.monotonic() + 5
    while True:
        try:
            return opener.open(request, timeout=5)
        except urllib.error.HTTPError as error:
            raise PlivoRejectError("DEMO_FAILED", f"The answer server refused the call with {error.code}.") from None
        except urllib.error.URLError:
            # Its address is known a moment before its worker listens.
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)
