"""The ASGI 3 application that answers Plivo; it holds no state beyond its settings."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from plivo_reject.call_log import CallLog
from plivo_reject.hangup import CONTENT_TYPE, hangup_xml
from plivo_reject.signature import valid

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LARGEST_BODY = 64 * 1024
"""Octets; Plivo's requests are about one KB."""

BODY_WITHIN = 10.0
"""Seconds in which the whole body has to arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How the application answers; without tokens, or with ``verify`` false, it believes everybody."""

    reason: str = "rejected"
    path: str = "/reject_calls/"
    tokens: tuple[str, ...] = field(default=(), repr=False)
    verify: bool = True
    answer_unverified: bool = False
    public_url: str = ""
    forwarded_allow_ips: tuple[str, ...] = ()
    log_json: bool = False
    mask_numbers: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> ServerSettings:
        """Read ``PLIVO_REJECT_*``, ``PLIVO_AUTH_TOKEN`` and ``PLIVO_AUTH_TOKEN_PREVIOUS`` (comma-separated)."""
        tokens = [environ.get("PLIVO_AUTH_TOKEN", ""), *environ.get("PLIVO_AUTH_TOKEN_PREVIOUS", "").split(",")]
        return cls(
            reason=environ.get("PLIVO_REJECT_REASON") or "rejected",
            path=environ.get("PLIVO_REJECT_PATH") or "/reject_calls/",
            tokens=tuple(token.strip() for token in tokens if token.strip()),
            verify=environ.get("PLIVO_REJECT_VERIFY", "1") != "0",
            answer_unverified=environ.get("PLIVO_REJECT_ON_BAD_SIGNATURE") == "answer",
            public_url=environ.get("PLIVO_REJECT_PUBLIC_URL", ""),
            forwarded_allow_ips=tuple(filter(None, environ.get("PLIVO_REJECT_FORWARDED_ALLOW_IPS", "").split(","))),
            log_json=environ.get("PLIVO_REJECT_LOG_FORMAT") == "json",
            mask_numbers=environ.get("PLIVO_REJECT_MASK_NUMBERS") == "1",
        )


class TooLarge(Exception):
    """The body is larger than ``LARGEST_BODY``."""


class RejectCalls:
    """The application."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._xml = hangup_xml(settings.reason).encode()
        self._paths = {settings.path, settings.path.rstrip("/") or "/"}
        self._log = CallLog(as_json=settings.log_json, mask_numbers=settings.mask_numbers)
        self._verified = bool(settings.tokens) and settings.verify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event of the server, as ASGI 3 says."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            kind = (await receive())["type"]
            if kind == "lifespan.shutdown":
                self._log.flush()
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if path == "/healthz" and method in ("GET", "HEAD"):
            await _send(send, 200, b"ok\n")
        elif path not in self._paths:
            await _send(send, 404, b"not found\n")
        elif method not in ("GET", "HEAD", "POST"):
            await _send(send, 405, b"method not allowed\n", (b"allow", b"GET, HEAD, POST"))
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1").lower()
            text = value.decode("latin-1")
            headers[key] = f"{headers[key]},{text}" if key in headers else text
        try:
            body = await asyncio.wait_for(_body(headers, receive), BODY_WITHIN) if scope["method"] == "POST" else b""
            parameters = _pairs(body)
        except TooLarge:
            await _send(send, 413, b"too large\n", (b"connection", b"close"))
            return
        except asyncio.TimeoutError:
            await _send(send, 408, b"too slow\n", (b"connection", b"close"))
            return
        except ValueError:
            await _send(send, 400, b"not understood\n")
            return
        except ConnectionError:
            return
        query = scope.get("query_string", b"").decode("latin-1")
        call = dict(_pairs(query.encode("latin-1"))) | dict(parameters)
        event = "ended" if "HangupCauseCode" in call or call.get("CallStatus") == "completed" else "rejected"
        cause = call.get("HangupCauseName") or call.get("HangupCauseCode") or ""
        more = {"cause": cause} if event == "ended" else {"reason": self._settings.reason}
        if self._verified:
            urls = self._signed_urls(scope, headers, query)
            if not self._believed(scope["method"], urls, parameters, headers):
                more |= {"tried": " ".join(urls), "hint": "if Plivo sent this, set --public-url"}
                if not self._settings.answer_unverified:
                    self._log.write("refused", call, seconds=time.perf_counter() - started, **more)
                    await _send(send, 403, b"forbidden\n")
                    return
                event = "unverified"
        await _send(send, 200, self._xml, kind=CONTENT_TYPE.encode())
        self._log.write(event, call, seconds=time.perf_counter() - started, **more)

    def _believed(
        self, method: str, urls: list[str], parameters: list[tuple[str, str]], headers: Mapping[str, str]
    ) -> bool:
        names = ("x-plivo-signature-v3", "x-plivo-signature-ma-v3")
        signatures = ",".join(headers[name] for name in names if name in headers)
        nonce = headers.get("x-plivo-signature-v3-nonce", "")
        if not signatures or not nonce or signatures.count(",") > 16:
            return False
        asked = "POST" if method == "POST" else "GET"
        return valid(self._settings.tokens, asked, urls, parameters, nonce, signatures)

    def _signed_urls(self, scope: Scope, headers: Mapping[str, str], query: str) -> list[str]:
        path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
        tail = f"?{query}" if query else ""
        if public := self._settings.public_url:
            whole = urlsplit(public).path not in ("", "/")
            return [(public if whole else public.rstrip("/") + path) + tail]
        host = headers.get("host", "")
        schemes: tuple[str, ...] = ("https", "http")
        peer = (scope.get("client") or ("",))[0]
        allowed = self._settings.forwarded_allow_ips
        if peer in allowed or "*" in allowed:
            host = headers.get("x-forwarded-host", host).split(",")[0].strip()
            told = headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
            schemes = (told,) if told in schemes else schemes
        return [f"{scheme}://{host}{path}{tail}" for scheme in schemes]


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes:
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:12]) > LARGEST_BODY:
        raise TooLarge
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body += message.get("body") or b""
        if len(body) > LARGEST_BODY:
            raise TooLarge
        if not message.get("more_body"):
            return body


def _pairs(octets: bytes) -> list[tuple[str, str]]:
    text = octets.decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True, max_num_fields=1000) if text else []


async def _send(
    send: Send, status: int, body: bytes, *more: tuple[bytes, bytes], kind: bytes = b"text/plain; charset=utf-8"
) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


app = RejectCalls(ServerSettings.from_environment(os.environ))
"""The application with the settings of the environment, for any ASGI server."""
