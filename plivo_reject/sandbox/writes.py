"""What a write may say, and what it then comes to; pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from plivo_reject.sandbox.lists import Refused
from plivo_reject.sandbox.objects import Object

URLS = ("answer_url", "hangup_url", "fallback_answer_url", "message_url")
METHODS = ("answer_method", "hangup_method", "fallback_method", "message_method")
FLAGS = {
    "default_number_app": "default_app",
    "default_endpoint_app": "default_endpoint_app",
    "log_incoming_messages": "log_incoming_messages",
    "public_uri": "public_uri",
}
"""Write parameters and the fields that they are read as."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SUBACCOUNT = re.compile(r"SA[A-Z0-9]{18}")


def new_application(body: Mapping[str, Any], *, strict_names: bool) -> Object:
    """Return the fields of an application to create; raises ``Refused``."""
    name = body.get("app_name")
    if not isinstance(name, str) or not name.strip():
        raise Refused(400, "app_name is required")
    if strict_names and not _PLAIN_NAME.fullmatch(name):
        raise Refused(400, "app_name may contain only letters, numbers, hyphens and underscores")
    return {"app_name": name, **application_fields(body)}


def application_fields(body: Mapping[str, Any]) -> Object:
    """Return what a write changes of an application; unknown parameters and ``app_name`` change nothing."""
    fields: Object = {}
    for name in URLS:
        if name in body:
            fields[name] = _url(name, body[name])
    for name in METHODS:
        if body.get(name) is not None:
            fields[name] = method(name, body[name])
    for name, read_as in FLAGS.items():
        if body.get(name) is not None:
            fields[read_as] = flag(name, body[name])
    if "log_incoming_messages" in fields:
        fields["log_incoming_message"] = fields["log_incoming_messages"]
    return fields | _owner(body)


def number_fields(body: Mapping[str, Any]) -> Object:
    """Return what a write changes of a number, its application apart."""
    alias = {"alias": str(body["alias"] or "")} if "alias" in body else {}
    return alias | _owner(body)


def flag(name: str, value: object) -> bool:
    """Read a boolean, which forms and queries write as text."""
    text = str(value).lower()
    if text not in ("true", "false"):
        raise Refused(400, f"{name} must be true or false")
    return text == "true"


def method(name: str, value: object) -> str:
    """Read an HTTP method that Plivo can use."""
    if value not in ("GET", "POST"):
        raise Refused(400, f"{name} must be GET or POST")
    return str(value)


def is_url(text: str) -> bool:
    """Tell whether a text is an http or https URL."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, text))
    except ValueError:
        return False


def _url(name: str, value: object) -> str:
    text = "" if value is None else value
    if not isinstance(text, str) or (text and not is_url(text)):
        raise Refused(400, f"{name} is not a valid URL")
    return text


def _owner(body: Mapping[str, Any]) -> Object:
    owner = body.get("subaccount")
    if not owner:
        return {}
    if not _SUBACCOUNT.fullmatch(str(owner)):
        raise Refused(400, "subaccount must be the auth id of a subaccount")
    return {"sub_account": f"/v1/Account/{owner}/"}
