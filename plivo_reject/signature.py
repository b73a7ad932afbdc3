"""Plivo's V3 request signature (https://www.plivo.com/docs/voice/concepts/signature-validation/)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlsplit

Parameters = Sequence[tuple[str, str]]


def signed_text(method: str, url: str, parameters: Parameters, nonce: str) -> str:
    """Return what is signed: the URL with its query sorted, the body's parameters sorted, the nonce.

    ``parameters`` are the pairs of a POST body, repeated names each.
    """
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}{parts.path}"
    query = parse_qsl(parts.query, keep_blank_values=True) if parts.query else []
    if method == "GET":
        asked = {name for name, _ in query}
        query = query + [pair for pair in parameters if pair[0] not in asked]
        parameters = ()
    text = "&".join([f"{name}={value}" for name, value in sorted(query)])
    if text or parameters:
        base += "?" + text
    if text and parameters:
        base += "."
    return base + "".join([name + value for name, value in sorted(parameters)]) + "." + nonce


def sign(token: str, method: str, url: str, parameters: Parameters, nonce: str) -> str:
    """Return the signature of a request in base64."""
    text = signed_text(method, url, parameters, nonce)
    digest = hmac.digest(token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.b64encode(digest).decode()


def valid(
    tokens: Iterable[str], method: str, urls: Iterable[str], parameters: Parameters, nonce: str, signatures: str
) -> bool:
    """Tell whether one of the comma-separated ``signatures`` is one of the ``tokens``' for one of the ``urls``.

    Takes the same time whichever signature is wrong in whichever place.
    """
    given = [signature.strip().encode("utf-8", "replace") for signature in signatures.split(",")]
    found = False
    for url in urls:
        for token in tokens:
            expected = sign(token, method, url, parameters, nonce).encode()
            for signature in given:
                found |= hmac.compare_digest(expected, signature)
    return found
