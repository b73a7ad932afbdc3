"""Where credentials and options come from."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from plivo_reject.errors import CredentialsError, UsageError

DEFAULT_API_URL = "https://api.plivo.com/v1"
DEFAULT_APP_NAME = "Reject Call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a command needs to speak to Plivo; the token never shows in its ``repr``."""

    auth_id: str
    auth_token: str = field(repr=False)
    source: str
    api_url: str = DEFAULT_API_URL
    subaccount: str | None = None
    timeout: float = 10.0
    workers: int = 16
    rate: int = 300
    retry_for: float = 60.0


def read_environment(env_file: str | None, environ: Mapping[str, str] | None = None) -> tuple[dict[str, str], str]:
    """Return the variables in force and the file they were completed from.

    The environment wins over the file. Raises ``UsageError`` when ``env_file`` is named and cannot be read.
    """
    surrounding = dict(os.environ if environ is None else environ)
    path = Path(env_file) if env_file else Path(".env")
    if not path.is_file():
        if env_file:
            raise UsageError(
                "ENV_FILE_MISSING",
                f"The file {env_file!r} named by --env-file does not exist.",
                hint="Name an existing file, or leave --env-file out to use .env or the environment.",
            )
        return surrounding, ""
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, encoding="utf-8", interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("ENV_FILE_UNREADABLE", f"The file {str(path)!r} cannot be read: {error}") from None
    merged = {key: value for key, value in values.items() if value is not None}
    merged.update({key: value for key, value in surrounding.items() if value})
    return merged, str(path)


def read_token(variables: Mapping[str, str]) -> str:
    """Return the auth token, ``""`` when there is none; raises ``CredentialsError`` when its file cannot be read."""
    if token := variables.get("PLIVO_AUTH_TOKEN", "").strip():
        return token
    name = variables.get("PLIVO_AUTH_TOKEN_FILE", "").strip()
    if not name:
        return ""
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise CredentialsError(
            "CREDENTIALS_MISSING",
            f"The file {name!r} named by PLIVO_AUTH_TOKEN_FILE cannot be read.",
            hint="Correct the path, or set PLIVO_AUTH_TOKEN.",
        ) from None


def check_api_url(url: str) -> str:
    """Return the API's base without its last slash; plain http is for loopback only.

    Raises ``UsageError`` naming the URL.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    hint = f"Use https, version included, such as {DEFAULT_API_URL}."
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        raise UsageError("BAD_API_URL", f"{_masked(url)!r} is not an API base URL.", hint=hint)
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            "BAD_API_URL", f"{url!r} would send the auth token unencrypted; http is for loopback only.", hint=hint
        )
    return url.rstrip("/")


def _masked(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//***@", url)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host.lower().rstrip(".") in ("localhost",):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_answer_url(url: str, option: str, *, allow_unreachable: bool) -> str:
    """Return the URL when Plivo can call it; raises ``UsageError`` otherwise.

    ``allow_unreachable`` lets through loopback and private addresses, never what is no http(s) URL.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", url):
        raise UsageError(
            "BAD_URL",
            f"{option}: {_masked(url)!r} is not an http or https URL.",
            hint="Give the whole address, such as https://example.com/reject_calls/.",
        )
    if allow_unreachable:
        return url
    reason = "it holds credentials" if parts.username or parts.password else _unreachable(host)
    if reason:
        raise UsageError(
            "UNREACHABLE_URL",
            f"{option}: Plivo cannot call {_masked(url)!r}: {reason}.",
            hint="Give a public address, or --allow-unreachable when Plivo reaches it all the same.",
        )
    return url


def _unreachable(host: str) -> str | None:
    name = host.lower()
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa")):
        return "the host is local to this machine or network"
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        # inet_aton reads 127.1 or 2130706433 as addresses too, and so would an HTTP client.
        if re.fullmatch(r"[0-9.]+|0x[0-9a-f.x]+", name):
            return "the host is neither a name nor a whole IP address"
        return None if "." in name else "the host has no domain"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return None if address.is_global and not address.is_multicast else "the address is not public"


def load(
    *,
    env_file: str | None = None,
    auth_id: str | None = None,
    api_url: str | None = None,
    subaccount: str | None = None,
    timeout: float = 10.0,
    workers: int = 16,
    rate: int = 300,
    retry_for: float = 60.0,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Collect the settings.

    Raises ``CredentialsError`` for missing or malformed credentials and ``UsageError`` for a bad URL or file.
    """
    variables, file = read_environment(env_file, environ)
    surrounding = os.environ if environ is None else environ
    base = check_api_url(api_url or variables.get("PLIVO_API_URL") or DEFAULT_API_URL)
    found_id = (auth_id or variables.get("PLIVO_AUTH_ID", "")).strip()
    token = read_token(variables)
    hint = "Set PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN (from the Plivo console) in the environment or in .env."
    missing = [name for name, value in (("PLIVO_AUTH_ID", found_id), ("PLIVO_AUTH_TOKEN", token)) if not value]
    if missing:
        raise CredentialsError(
            "CREDENTIALS_MISSING", f"No Plivo credentials: {' and '.join(missing)} not set.", hint=hint
        )
    if not re.fullmatch(r"(MA|SA)[A-Za-z0-9]{18}", found_id):
        raise CredentialsError(
            "AUTH_ID_MALFORMED",
            f"The auth id {found_id!r} is malformed: 20 characters beginning with MA or SA.",
            hint=hint,
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError("AUTH_TOKEN_MALFORMED", "The auth token holds characters no token has.", hint=hint)
    if subaccount and not re.fullmatch(r"SA[A-Za-z0-9]{18}", subaccount):
        raise UsageError(
            "BAD_SUBACCOUNT", f"--subaccount {subaccount!r} is malformed: 20 characters beginning with SA."
        )
    if auth_id:
        origin = "--auth-id"
    elif surrounding.get("PLIVO_AUTH_ID"):
        origin = "the environment"
    else:
        origin = file
    return Settings(
        auth_id=found_id,
        auth_token=token,
        source=origin,
        api_url=base,
        subaccount=subaccount,
        timeout=timeout,
        workers=workers,
        rate=rate,
        retry_for=retry_for,
    )


def public(message: str, settings: Settings) -> str:
    """Return the message without the auth token, should an answer of the API have repeated it."""
    return message.replace(settings.auth_token, "***") if settings.auth_token else message
