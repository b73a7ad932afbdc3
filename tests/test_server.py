"""The answer server: what Plivo, and everybody else on the internet, gets from it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plivo_reject.hangup import hangup_xml
from plivo_reject.server import RejectCalls, ServerSettings
from plivo_reject.signature import sign

CALL = {"CallUUID": "u-1", "From": "14155550199", "To": "14155550100", "CallStatus": "ringing"}


def ask(
    app: RejectCalls,
    method: str = "POST",
    path: str = "/reject_calls/",
    body: bytes = b"",
    headers: list[tuple[bytes, bytes]] | None = None,
    query: bytes = b"",
) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    async def go() -> None:
        scope = {"type": "http", "method": method, "path": path, "query_string": query}
        await app({**scope, "headers": headers or [], "client": ("127.0.0.1", 1)}, receive, send)
        app._log.flush()

    asyncio.run(go())
    return sent[0]["status"], sent[1]["body"]


def signed(url: str, call: dict[str, str], token: str = "token") -> list[tuple[bytes, bytes]]:
    signature = sign(token, "POST", url, list(call.items()), "1")
    return [
        (b"host", b"example.com"),
        (b"x-plivo-signature-v3", signature.encode()),
        (b"x-plivo-signature-v3-nonce", b"1"),
    ]


XML = hangup_xml().encode()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/reject_calls/", 200),
        ("GET", "/reject_calls", 200),
        ("HEAD", "/reject_calls/", 200),
        ("PUT", "/reject_calls/", 405),
        ("GET", "/", 404),
        ("GET", "/healthz", 200),
    ],
)
def test_paths_and_methods(method: str, path: str, status: int) -> None:
    assert ask(RejectCalls(ServerSettings()), method, path)[0] == status


def test_only_plivo_is_believed(capsys: pytest.CaptureFixture[str]) -> None:
    app = RejectCalls(ServerSettings(tokens=("new", "token")))
    body = urlencode(CALL).encode()
    for scheme in ("http", "https"):
        assert ask(app, body=body, headers=signed(f"{scheme}://example.com/reject_calls/", CALL)) == (200, XML)
    assert ask(app, body=body)[0] == 403
    assert ask(app, body=body, headers=signed("https://other.com/reject_calls/", CALL))[0] == 403
    log = capsys.readouterr().out
    assert log.count("event=refused") == 2
    assert "--public-url" in log
    assert "https://example.com/reject_calls/" in log


def test_public_url_is_what_plivo_signed() -> None:
    app = RejectCalls(ServerSettings(tokens=("token",), public_url="https://public.example.com/calls"))
    assert ask(app, body=urlencode(CALL).encode(), headers=signed("https://public.example.com/calls", CALL))[0] == 200


def test_unverified_calls_can_be_answered(capsys: pytest.CaptureFixture[str]) -> None:
    app = RejectCalls(ServerSettings(tokens=("token",), answer_unverified=True))
    assert ask(app, body=urlencode(CALL).encode()) == (200, XML)
    assert "event=unverified" in capsys.readouterr().out


def test_hangup_callback_is_told_with_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    call = {**CALL, "HangupCauseName": "Rejected", "HangupCauseCode": "3020"}
    ask(RejectCalls(ServerSettings(log_json=True, mask_numbers=True)), body=urlencode(call).encode())
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["cause"], line["from"]) == ("ended", "Rejected", "*******0199")


def test_caller_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    call = {**CALL, "From": 'x"\n2026 event=rejected \x1b[2J\u2028'}
    for as_json in (False, True):
        ask(RejectCalls(ServerSettings(log_json=as_json)), body=urlencode(call).encode())
        log = capsys.readouterr().out
        assert len(log.splitlines()) == 1
        assert "\x1b" not in log


def test_large_bodies_are_refused() -> None:
    app = RejectCalls(ServerSettings())
    assert ask(app, headers=[(b"content-length", b"70000")])[0] == 413
    assert ask(app, body=b"x" * 70000)[0] == 413


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300),
    st.binary(max_size=60),
    st.lists(st.tuples(st.sampled_from([b"host", b"x-plivo-signature-v3", b"content-length", b"a"]), st.binary())),
    st.sampled_from(["GET", "POST", "HEAD"]),
)
def test_whatever_comes_is_answered(
    capsys: pytest.CaptureFixture[str], body: bytes, query: bytes, headers: list[tuple[bytes, bytes]], method: str
) -> None:
    app = RejectCalls(ServerSettings(tokens=("token",)))
    assert ask(app, method, body=body, query=query, headers=headers)[0] in (400, 403, 413)
    assert "\x1b" not in capsys.readouterr().out


@pytest.fixture
def served(python: str) -> Iterator[Callable[..., tuple[subprocess.Popen[str], int]]]:
    processes: list[subprocess.Popen[str]] = []

    def serve(*command: str) -> tuple[subprocess.Popen[str], int]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        arguments = [part.replace("PORT", str(port)) for part in command]
        process = subprocess.Popen([python, "-m", *arguments], stdout=-1, stderr=-1, text=True, env=dict(os.environ))
        processes.append(process)
        until = time.monotonic() + 10
        while time.monotonic() < until and process.poll() is None:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return process, port
            time.sleep(0.02)
        raise AssertionError(process.communicate())

    yield serve
    for process in processes:
        process.kill()
        process.wait()


def fetch(port: int) -> tuple[int, bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/reject_calls/", urlencode(CALL).encode(), timeout=5) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize(
    "command",
    [
        ("plivo_reject", "serve", "--port", "PORT"),
        ("uvicorn", "plivo_reject.server:app", "--port", "PORT"),
        ("hypercorn", "plivo_reject.server:app", "--bind", "127.0.0.1:PORT"),
    ],
)
def test_every_engine_serves_it(served: Callable[..., Any], command: tuple[str, ...]) -> None:
    _, port = served(*command)
    assert fetch(port) == (200, XML)


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_serve_stops_cleanly_and_says_what_it_did(served: Callable[..., Any], which: signal.Signals) -> None:
    process, port = served("plivo_reject", "serve", "--port", "PORT")
    fetch(port)
    process.send_signal(which)
    log, said = process.communicate(timeout=8)
    assert process.returncode == 0, said
    assert "event=rejected" in log
    assert re.search(rf"Listening on http://127.0.0.1:{port}/reject_calls/\nWarning: .*\nNext: ", said)


def test_malformed_requests_kill_nothing(served: Callable[..., Any]) -> None:
    process, port = served("plivo_reject", "serve", "--port", "PORT")
    if hasattr(signal, "SIGHUP"):
        process.send_signal(signal.SIGHUP)
    for raw in (
        b"\x00\xff" * 50,
        b"GET\r\n\r\n",
        b"POST /reject_calls/ HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /reject_calls/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /reject_calls/ HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
            client.sendall(raw)
    assert fetch(port) == (200, XML)
    assert process.poll() is None


def test_port_in_use_is_told(python: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run([python, "-m", "plivo_reject", "serve", "--port", port], capture_output=True, text=True)
    assert done.returncode == 1
    assert port in done.stderr
