"""The sandbox's HTTP server."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from plivo_reject.sandbox.faults import Fault
from plivo_reject.sandbox.state import SandboxOptions, State


@dataclass(slots=True, kw_only=True)
class Received:
    """A request that reached the API; ``at`` is monotonic seconds."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    status: int = 0
    at: float = field(default_factory=time.monotonic)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is what a rehearsal is about."""


class Sandbox:
    """A Plivo of one's own, served while the ``with`` block lasts."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self.state = State(self.options)
        self.requests: list[Received] = []
        self.faults = [Fault.parse(text) for text in self.options.faults]
        self.stopping = threading.Event()
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()
        handler = type("BoundHandler", (_Handler,), {"sandbox": self})
        self._server = _Server((self.options.host, self.options.port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Sandbox:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def root(self) -> str:
        """The server's address, without a path."""
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"http://{host}:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The API's base, version included."""
        return f"{self.root}/v1"

    def env(self) -> dict[str, str]:
        """Return the variables that point a program here."""
        return {
            "PLIVO_API_URL": self.url,
            "PLIVO_AUTH_ID": self.options.auth_id,
            "PLIVO_AUTH_TOKEN": self.options.auth_token,
        }

    def inject(self, *faults: str) -> None:
        """Add faults, each as ``Fault.parse`` reads them."""
        parsed = [Fault.parse(text) for text in faults]
        with self._lock:
            self.faults += parsed

    def admit(self, received: Received) -> tuple[bool, Fault | None]:
        """Record a request; returns whether the rate allows it, and the fault that hits it."""
        with self._lock:
            self.requests.append(received)
            while self._recent and self._recent[0] <= received.at - 5.0:
                self._recent.popleft()
            if len(self._recent) >= self.options.rate:
                return False, None
            self._recent.append(received.at)
            return True, next((fault for fault in self.faults if fault.hits(received.method, received.path)), None)

    def control(self, method: str, what: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Answer the control path: ``faults`` (POST, DELETE), ``requests`` (GET, DELETE), ``state`` (GET)."""
        if (method, what) == ("POST", "faults"):
            try:
                self.inject(*body.get("faults", []))
            except (ValueError, AttributeError, TypeError) as error:
                return 400, {"error": str(error)}
            return 200, {"message": "injected"}
        if method == "DELETE" and what in ("faults", "requests"):
            with self._lock:
                (self.faults if what == "faults" else self.requests).clear()
            return 200, {"message": "cleared"}
        if (method, what) == ("GET", "requests"):
            return 200, {"requests": [asdict(received) for received in list(self.requests)]}
        if (method, what) == ("GET", "state"):
            names = ("applications", "numbers", "endpoints")
            return 200, {name: list(getattr(self.state, name).values()) for name in names}
        return 404, {"error": "not found"}


class _Handler(BaseHTTPRequestHandler):
    sandbox: Sandbox
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the requests are recorded."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_PUT = do_PATCH = do_GET

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        body = self._body(raw)
        path = unquote(parts.path)
        if path.startswith("/_sandbox/"):
            self._send(*self.sandbox.control(self.command, path.split("/")[2], body or {}))
            return
        received = Received(method=self.command, path=path, query=query, body=body or {})
        allowed, fault = self.sandbox.admit(received)
        if self.sandbox.options.latency_ms:
            self.sandbox.stopping.wait(self.sandbox.options.latency_ms / 1000)
        if not allowed:
            received.status = 429
            self._send(429, {"error": "rate limit exceeded"})
        elif fault is None:
            received.status, answer = self._answer(path, query, body)
            self._send(received.status, answer)
        else:
            self._misbehave(fault.kind, received, path, query, body)

    def _body(self, raw: bytes) -> dict[str, Any] | None:
        if not raw:
            return {}
        if "json" not in (self.headers.get("Content-Type") or ""):
            return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            body = json.loads(raw)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def _answer(self, path: str, query: dict[str, str], body: dict[str, Any] | None) -> tuple[int, Any]:
        options = self.sandbox.options
        try:
            scheme, _, coded = (self.headers.get("Authorization") or "").partition(" ")
            told = base64.b64decode(coded).decode() if scheme == "Basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            told = ""
        if told != f"{options.auth_id}:{options.auth_token}":
            return 401, {"error": "authentication credentials invalid"}
        start = f"/v1/Account/{options.auth_id}/"
        if not path.startswith(start) or not path.endswith("/"):
            return 404, {"error": "not found"}
        if body is None:
            return 400, {"error": "the body is not a JSON object"}
        resource = tuple(part for part in path[len(start) :].split("/") if part)
        return self.sandbox.state.answer(self.command, resource, query, body)

    def _misbehave(
        self, kind: str, received: Received, path: str, query: dict[str, str], body: dict[str, Any] | None
    ) -> None:
        status, _, manner = kind.partition("-")
        self.close_connection = True
        if kind == "hang":
            self.sandbox.stopping.wait(30)
        elif status.isdigit():
            received.status = int(status)
            extra = {"seconds": "1", "date": formatdate(time.time() + 2, usegmt=True)}.get(manner)
            if manner == "html":
                self._send(int(status), b"<html><body>proxy</body></html>", kind="text/html")
            else:
                self._send(int(status), {"error": f"injected {status}"}, retry_after=extra)
        elif kind == "error-dict":
            received.status = 400
            self._send(400, {"error": {"answer_url": ["is not valid", "is too long"]}})
        elif kind == "ignore":
            received.status = 202
            self._send(202, {"message": "changed"})
        elif kind != "drop-before":
            received.status, answer = self._answer(path, query, body)
            if kind == "bad-json":
                self._send(received.status, b'{"api_id": "x", ')
            elif kind in ("truncate", "trickle"):
                self._send(received.status, answer, manner=kind)

    def _send(
        self,
        status: int,
        answer: Any,
        *,
        kind: str = "application/json",
        retry_after: str | None = None,
        manner: str = "",
    ) -> None:
        data = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if manner == "trickle":
            for position in range(len(data)):
                self.wfile.write(data[position : position + 1])
                self.wfile.flush()
                if self.sandbox.stopping.wait(0.02):
                    return
        else:
            self.wfile.write(data[: len(data) // 2] if manner == "truncate" else data)
