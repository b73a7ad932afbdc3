"""HTTP requests in, answers and injected faults out."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from plivo_reject.sandbox.api import Answer, Request
from plivo_reject.sandbox.objects import Object

LONGEST_BODY = 1_000_000
HANG_SECONDS = 30.0
TRICKLE_SECONDS = 0.05
PAGE_OF_A_PROXY = b"<html><head><title>Bad gateway</title></head><body>The proxy has no answer.</body></html>"
CONTROL = "/_sandbox/"


class Service(Protocol):
    """What the HTTP side needs of the sandbox."""

    stopping: threading.Event

    def admit(self, request: Request, target: str) -> tuple[Admitted, str | None]:
        """Record a request; returns its record, and what is wrong with it: a fault's kind or ``"rate"``."""

    def answer(self, request: Request, *, carry_out: bool = True) -> Answer:
        """Answer a request to the API."""

    def control(self, method: str, what: str, body: Object | None) -> tuple[int, Object]:
        """Answer the control path."""


class Admitted(Protocol):
    """The record of a request."""

    status: int


class Server(ThreadingHTTPServer):
    """A thread a connection; ``close_all`` ends them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        self.service = service
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._open: set[Any] = set()
        self._guard = threading.Lock()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without asking the name service for the host's name, which can take seconds."""
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection and serve it in a thread."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        """Close the listening socket and cut every connection, idle ones included."""
        self.server_close()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is what a rehearsal is about."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the requests are recorded."""

    def do_GET(self) -> None:
        """Answer any method; the API says which it allows."""
        raw = self._read()
        if raw is None:
            return
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            body=self._parsed(raw),
            authorization=self.headers.get("Authorization", ""),
        )
        if request.path.startswith(CONTROL):
            self._send(*self.server.service.control(self.command, request.path[len(CONTROL) :], request.body))
        else:
            self._serve(request)

    do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = do_GET

    def _serve(self, request: Request) -> None:
        service = self.server.service
        record, trouble = service.admit(request, self.path)
        if trouble == "rate":
            record.status = 429
            self._send(429, {"error": "rate limit exceeded"})
        elif trouble is None or trouble == "ignore":
            # A read has nothing to ignore.
            record.status, body = service.answer(request, carry_out=trouble is None)
            self._send(record.status, body)
        elif trouble in ("drop-before", "hang"):
            self._leave(hang=trouble == "hang")
        elif trouble in ("drop-after", "hang-after", "truncate", "bad-json", "trickle"):
            status, body = service.answer(request)
            record.status = 200 if trouble == "bad-json" else status
            self._spoil(trouble, record.status, body)
        else:
            self._refuse(trouble, record)

    def _refuse(self, kind: str, record: Admitted) -> None:
        """Answer a fault that keeps the request from being carried out."""
        code, _, manner = kind.partition("-")
        record.status = int(code) if code.isdecimal() else 400
        if manner == "html":
            self._send(record.status, PAGE_OF_A_PROXY, kind="text/html; charset=utf-8")
        elif kind == "error-dict":
            self._send(400, {"api_id": "injected", "error": {"answer_url": ["is not valid", "is too long"]}})
        else:
            after = {"seconds": "1", "date": formatdate(time.time() + 2, usegmt=True)}.get(manner)
            more = f"Retry-After: {after}\r\n" if after else ""
            self._send(record.status, {"api_id": "injected", "error": f"injected {code}"}, more=more)

    def _spoil(self, kind: str, status: int, body: Object | str | None) -> None:
        """Answer, badly, a request that was carried out."""
        data = _encoded(body)
        if kind in ("drop-after", "hang-after") or (kind == "truncate" and not data):
            self._leave(hang=kind == "hang-after")
        elif kind == "bad-json":
            data = data or b'{"api_id": ""}'
            self._send(status, data[: len(data) // 2])
        elif kind == "truncate":
            self.close_connection = True
            self.wfile.write(self._head(status, len(data)) + data[: len(data) // 2])
        else:
            self.wfile.write(self._head(status, len(data)))
            for position in range(len(data)):
                self.wfile.write(data[position : position + 1])
                if self.server.service.stopping.wait(TRICKLE_SECONDS):
                    break

    def _leave(self, *, hang: bool) -> None:
        self.close_connection = True
        if hang:
            self.server.service.stopping.wait(HANG_SECONDS)

    def _read(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        status = 0
        if "Transfer-Encoding" in self.headers:
            status = 411
        elif not (length.isascii() and length.isdecimal() and len(length) < 16):
            status = 400
        elif int(length) > LONGEST_BODY:
            status = 413
        if status:
            # What follows cannot be told from the next request.
            self.close_connection = True
            self._send(status, {"error": HTTPStatus(status).phrase})
            return None
        return self.rfile.read(int(length))

    def _parsed(self, raw: bytes) -> Object | None:
        if not raw:
            return {}
        try:
            text = raw.decode()
            if "form" in self.headers.get("Content-Type", ""):
                return dict(parse_qsl(text, keep_blank_values=True))
            body = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return body if isinstance(body, dict) else None

    def _send(
        self, status: int, body: Object | str | bytes | None, *, kind: str = "application/json", more: str = ""
    ) -> None:
        if isinstance(body, str):
            kind, more = "text/plain; charset=utf-8", 'WWW-Authenticate: Basic realm="Login Required"\r\n'
        data = body if isinstance(body, bytes) else _encoded(body)
        # Head and body leave in one segment.
        head = self._head(status, len(data), kind=kind, more=more)
        self.wfile.write(head if self.command == "HEAD" else head + data)

    def _head(self, status: int, length: int, *, kind: str = "application/json", more: str = "") -> bytes:
        size = "" if status == 204 else f"Content-Type: {kind}\r\nContent-Length: {length}\r\n"
        close = "Connection: close\r\n" if self.close_connection else ""
        phrase = HTTPStatus(status).phrase
        date = formatdate(usegmt=True)
        return f"HTTP/1.1 {status} {phrase}\r\nDate: {date}\r\n{size}{more}{close}\r\n".encode()


def _encoded(body: Object | str | None) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
