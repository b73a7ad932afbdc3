"""How the sandbox behaves."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from plivo_reject.sandbox.faults import Fault

UNLINKS = ("none", "default", "ignore")
PAGINGS = ("offset", "cursor", "broken")


@dataclass(frozen=True, kw_only=True)
class SandboxOptions:
    """How the sandbox behaves; a value that makes no sense raises ``ValueError``.

    ``rate`` is the number of requests in any 5 s above which 429 is answered. ``lag_ms`` is how long reads go on showing
    what was before a write. ``unlink`` is what taking a number off its application comes to: ``none`` (no application),
    ``default`` (the account's default application) or ``ignore`` (answered "changed", and nothing is).
    ``strict_names`` refuses application names with anything but letters, digits, ``-`` and ``_``. ``paging`` is how
    lists go on: by ``offset``, by ``cursor``, or ``broken`` (page 1 over and over, each with a ``next``). ``port`` 0 picks
    a free one.
    """

    auth_id: str = "MASANDBOX00000000001"
    auth_token: str = "sandbox-token"
    numbers: int = 10
    latency_ms: float = 0
    rate: int = 300
    lag_ms: float = 0
    unlink: str = "none"
    strict_names: bool = False
    paging: str = "offset"
    host: str = "127.0.0.1"
    port: int = 0
    faults: tuple[str | Fault, ...] = ()

    def __post_init__(self) -> None:
        if self.unlink not in UNLINKS:
            raise ValueError(f"unlink is one of {', '.join(UNLINKS)}, not {self.unlink!r}")
        if self.paging not in PAGINGS:
            raise ValueError(f"paging is one of {', '.join(PAGINGS)}, not {self.paging!r}")
        if self.numbers < 0 or self.rate < 1 or self.latency_ms < 0 or self.lag_ms < 0:
            raise ValueError("numbers, latency_ms and lag_ms are not negative, rate is 1 or more")
        # The control path asks for no credentials, so nobody else may reach it.
        if not _is_loopback(self.host):
            raise ValueError(f"host {self.host!r} is no loopback address")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
