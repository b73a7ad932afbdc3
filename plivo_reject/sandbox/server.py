"""The sandbox as a whole: options, state, faults, rate and the server that serves them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any

from plivo_reject.sandbox.api import Answer, Api, Request
from plivo_reject.sandbox.faults import Fault, Faults
from plivo_reject.sandbox.http import Server
from plivo_reject.sandbox.objects import Object
from plivo_reject.sandbox.options import SandboxOptions
from plivo_reject.sandbox.state import State

WINDOW_SECONDS = 5.0
"""The time in which the rate is counted."""

MOST_RECORDS = 100_000
"""Requests that are remembered, so that a sandbox can run for days."""


@dataclass(slots=True, kw_only=True)
class Received:
    """A request that reached the API; ``at`` is monotonic seconds, ``status`` 0 until it is answered."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Object
    status: int = 0
    at: float = field(default_factory=time.monotonic)


class Sandbox:
    """A Plivo of one's own, served from ``start`` to ``stop`` or while a ``with`` block lasts.

    ``requests`` are the requests that reached the API, the control path's apart; ``state`` is what it holds.
    """

    def __init__(self, options: SandboxOptions | None = None) -> None:
        """Raises ``ValueError`` for a fault that cannot be read."""
        self.options = options or SandboxOptions()
        self.state = State(self.options)
        self.requests: list[Received] = []
        self.stopping = threading.Event()
        self._api = Api(self.options, self.state)
        self._faults = Faults(self.options.faults)
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()
        self._port = self.options.port
        self._server: Server | None = None

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Sandbox:
        """Serve, after a ``stop`` on the same port again; raises ``OSError`` when the port cannot be had."""
        if self._server is None:
            self._server = Server((self.options.host, self._port), self)
            self._port = self._server.server_address[1]
            self.stopping.clear()
            threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop at once, whatever is in flight; what was written stays in ``state``."""
        if self._server is not None:
            server, self._server = self._server, None
            self.stopping.set()
            server.shutdown()
            server.close_all()

    @property
    def root(self) -> str:
        """The server's address, without a path."""
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"http://{host}:{self._port}"

    @property
    def url(self) -> str:
        """The API's base, version included; its port is known once it was started."""
        return f"{self.root}/v1"

    @property
    def auth_id(self) -> str:
        """The account's auth id."""
        return self.options.auth_id

    @property
    def auth_token(self) -> str:
        """The account's auth token."""
        return self.options.auth_token

    def env(self) -> dict[str, str]:
        """Return the variables that point a program here."""
        return {"PLIVO_API_URL": self.url, "PLIVO_AUTH_ID": self.auth_id, "PLIVO_AUTH_TOKEN": self.auth_token}

    def inject(self, *faults: str | Fault) -> None:
        """Add faults; a text is read as ``Fault.parse`` does."""
        self._faults.add(*faults)

    def clear_faults(self) -> None:
        """Forget the faults that have not hit."""
        self._faults.clear()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self.requests.clear()

    def admit(self, request: Request, target: str) -> tuple[Received, str | None]:
        """Record a request, wait as the latency has it, and say what goes wrong: ``"rate"``, a fault's kind or None."""
        received = Received(method=request.method, path=request.path, query=request.query, body=request.body or {})
        with self._lock:
            received.at = time.monotonic()
            self.requests.append(received)
            if len(self.requests) > MOST_RECORDS:
                del self.requests[: MOST_RECORDS // 2]
            while self._recent and self._recent[0] <= received.at - WINDOW_SECONDS:
                self._recent.popleft()
            within = len(self._recent) < self.options.rate
            if within:
                self._recent.append(received.at)
        trouble = self._faults.hit(request.method, target) if within else "rate"
        if self.options.latency_ms:
            self.stopping.wait(self.options.latency_ms / 1000)
        return received, trouble

    def answer(self, request: Request, *, carry_out: bool = True) -> Answer:
        """Answer a request to the API; with ``carry_out`` false nothing changes."""
        return self._api.answer(request, carry_out=carry_out)

    def control(self, method: str, what: str, body: Object | None) -> tuple[int, Object]:
        """Answer the control path: ``faults``, ``requests`` and ``state``."""
        handlers = {
            ("GET", "faults"): self._listed_faults,
            ("DELETE", "faults"): self._cleared_faults,
            ("GET", "requests"): self._listed_requests,
            ("DELETE", "requests"): self._cleared_requests,
            ("GET", "state"): self._shown_state,
        }
        what = what.rstrip("/")
        if (method, what) == ("POST", "faults"):
            return self._injected((body or {}).get("faults"))
        handler = handlers.get((method, what))
        return (200, handler()) if handler else (404, {"error": "faults, requests and state are here"})

    def _injected(self, faults: Any) -> tuple[int, Object]:
        if not isinstance(faults, list) or not all(isinstance(fault, str) for fault in faults):
            return 400, {"error": 'the body must be such as {"faults": ["503:GET"]}'}
        try:
            self.inject(*faults)
        except ValueError as error:
            return 400, {"error": str(error)}
        return 200, {"message": "injected", **self._listed_faults()}

    def _listed_faults(self) -> Object:
        return {"faults": self._faults.listed()}

    def _cleared_faults(self) -> Object:
        self.clear_faults()
        return {"message": "cleared"}

    def _listed_requests(self) -> Object:
        with self._lock:
            return {"requests": [asdict(received) for received in self.requests]}

    def _cleared_requests(self) -> Object:
        self.clear_requests()
        return {"message": "cleared"}

    def _shown_state(self) -> Object:
        with self.state.lock:
            tables = {
                "applications": self.state.applications,
                "numbers": self.state.numbers,
                "endpoints": self.state.endpoints,
                "calls": self.state.calls,
            }
            return {name: [dict(item) for item in table.values()] for name, table in tables.items()}
