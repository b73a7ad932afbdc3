"""What the sandbox holds and how requests change it; no network here."""

from __future__ import annotations

import base64
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

Object = dict[str, Any]
Answer = tuple[int, Object | None]

APPLICATION_DEFAULTS: Object = {
    "answer_method": "POST",
    "application_type": "XML",
    "credential_uuid": None,
    "default_app": False,
    "default_endpoint_app": False,
    "enabled": True,
    "fallback_answer_url": "",
    "fallback_method": "POST",
    "hangup_method": "POST",
    "ip_acl_uuid": None,
    "log_incoming_messages": True,
    "message_method": "POST",
    "message_url": "",
    "public_uri": False,
    "sip_auth_type": "none",
    "sub_account": None,
}
_READ_AS = {"default_number_app": "default_app", "subaccount": "sub_account"}
_METHODS = ("answer_method", "hangup_method", "fallback_method", "message_method")
_URLS = ("answer_url", "hangup_url", "fallback_answer_url", "message_url")


@dataclass(frozen=True, kw_only=True)
class SandboxOptions:
    """How the sandbox behaves; ``rate`` is requests per 5 s, ``unlink`` what taking a number off comes to."""

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
    faults: tuple[str, ...] = ()


class State:
    """The account's applications, numbers and SIP endpoints, each the whole object that the API shows."""

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self._lock = threading.RLock()
        self._late: list[tuple[float, Callable[[], None]]] = []
        self.applications: dict[str, Object] = {}
        self.numbers: dict[str, Object] = {}
        self.endpoints: dict[str, Object] = {}
        for offset in range(options.numbers):
            self.add_number(str(14155550100 + offset))

    def _uri(self, resource: str, ident: str) -> str:
        return f"/v1/Account/{self._options.auth_id}/{resource}/{ident}/"

    def add_application(self, **fields: Any) -> Object:
        """Add an application; fields that are not given are as Plivo makes them."""
        app_id = str(fields.pop("app_id", None) or uuid.uuid4().int % 10**17)
        made: Object = {**APPLICATION_DEFAULTS, "app_id": app_id, "app_name": "", "answer_url": "", **fields}
        made.setdefault("hangup_url", made["answer_url"])
        made.update(resource_uri=self._uri("Application", app_id), sip_uri=f"sip:{app_id}@app.plivo.com")
        self.applications[app_id] = made
        return made

    def add_number(self, number: str, *, app_id: str | None = None, **fields: Any) -> Object:
        """Add a number, on the application when one is named."""
        self.numbers[number] = {
            "alias": "",
            "application": self._uri("Application", app_id) if app_id else None,
            "carrier": "Plivo",
            "country": "United States",
            "mms_enabled": True,
            "number": number,
            "number_type": "local",
            "region": "California, UNITED STATES",
            "resource_uri": self._uri("Number", number),
            "sms_enabled": True,
            "sub_account": None,
            "voice_enabled": True,
            **fields,
        }
        return self.numbers[number]

    def add_endpoint(self, app_id: str) -> Object:
        """Add a SIP endpoint on an application."""
        ident = str(uuid.uuid4().int % 10**14)
        self.endpoints[ident] = {
            "endpoint_id": ident,
            "username": f"phone{ident}",
            "alias": "phone",
            "application": self._uri("Application", app_id),
            "resource_uri": self._uri("Endpoint", ident),
        }
        return self.endpoints[ident]

    def application_of(self, number: str) -> str | None:
        """Return the id of the application that a number is on."""
        uri = self.numbers[number]["application"]
        return uri.strip("/").rsplit("/", 1)[-1] if uri else None

    def answer(self, method: str, path: tuple[str, ...], query: Mapping[str, str], body: Object) -> Answer:
        """Carry out a request on the account's resources and return status and body."""
        with self._lock:
            now = time.monotonic()
            due, self._late = [w for w in self._late if w[0] <= now], [w for w in self._late if w[0] > now]
            for _, write in due:
                write()
            status, answer = self._route(method, path, query, body)
            return status, None if answer is None else {"api_id": str(uuid.uuid4()), **answer}

    def _route(self, method: str, path: tuple[str, ...], query: Mapping[str, str], body: Object) -> Answer:
        tables: dict[str, tuple[dict[str, Object], tuple[str, ...]]] = {
            "Application": (self.applications, ("GET", "POST", "DELETE")),
            "Number": (self.numbers, ("GET", "POST")),
            "Endpoint": (self.endpoints, ("GET",)),
        }
        if not path:
            name = {"auth_id": self._options.auth_id, "name": "Sandbox", "account_type": "standard"}
            return (200, {**name, "cash_credits": "10.00"}) if method == "GET" else (405, {"error": "not allowed"})
        if path[0] not in tables or len(path) > 2:
            return 404, {"error": "not found"}
        table, methods = tables[path[0]]
        if len(path) == 1:
            if method == "GET":
                return self._list(path[0], list(table.values()), query)
            if (method, path[0]) == ("POST", "Application"):
                return self._create(body)
            return 405, {"error": "method not allowed"}
        if method not in methods:
            return 405, {"error": "method not allowed"}
        if path[1] not in table:
            return 404, {"error": "not found"}
        if method == "GET":
            return 200, dict(table[path[1]])
        if method == "DELETE":
            return self._delete(path[1], {**query, **body})
        return self._update(path[1], body) if path[0] == "Application" else self._point(path[1], body)

    def _show(self, write: Callable[[], None]) -> None:
        if self._options.lag_ms:
            self._late.append((time.monotonic() + self._options.lag_ms / 1000, write))
        else:
            write()

    def _list(self, resource: str, found: list[Object], query: Mapping[str, str]) -> Answer:
        for parameter, field in (("app_name", "app_name"), ("number_startswith", "number")):
            if prefix := query.get(parameter):
                found = [item for item in found if str(item.get(field, "")).startswith(prefix)]
        if owner := query.get("subaccount"):
            found = [item for item in found if owner in str(item.get("sub_account"))]
        limit, cursor = query.get("limit", "20"), query.get("cursor")
        if not limit.isdigit() or not 1 <= int(limit) <= 20:
            return 400, {"error": "limit must be from 1 to 20"}
        if cursor and "offset" in query:
            return 400, {"error": "cursor and offset exclude each other"}
        start = int(base64.b64decode(cursor)) if cursor else int(query.get("offset", "0"))
        if self._options.paging == "broken":
            start = 0
        end = start + int(limit)
        following = None
        if end < len(found):
            where = {"offset": str(end)}
            if self._options.paging == "cursor":
                where = {"cursor": base64.b64encode(str(end).encode()).decode()}
            following = f"{self._uri(resource, '')[:-1]}?{urlencode({'limit': limit, **where})}"
        meta = {"limit": int(limit), "offset": start, "next": following, "previous": None, "total_count": len(found)}
        return 200, {"meta": meta, "objects": [dict(item) for item in found[start:end]]}

    def _wrong(self, body: Object) -> str | None:
        for name in _METHODS:
            if name in body and body[name] not in ("GET", "POST"):
                return f"{name} must be GET or POST"
        for name in _URLS:
            if body.get(name) and not re.match(r"https?://\S+$", str(body[name])):
                return f"{name} is not a valid URL"
        return None

    def _written(self, body: Object) -> Object:
        known = {*APPLICATION_DEFAULTS, *_URLS, *_READ_AS} - {"default_app", "sub_account", "application_type"}
        fields = {_READ_AS.get(name, name): value for name, value in body.items() if name in known}
        if fields.get("sub_account"):
            fields["sub_account"] = f"/v1/Account/{fields['sub_account']}/"
        return fields

    def _create(self, body: Object) -> Answer:
        name = str(body.get("app_name") or "")
        if not name or (self._options.strict_names and not re.fullmatch(r"[A-Za-z0-9_-]+", name)):
            return 400, {"error": "app_name may contain only letters, digits, - and _"}
        if wrong := self._wrong(body):
            return 400, {"error": wrong}
        app_id = str(uuid.uuid4().int % 10**17)
        self._show(lambda: None if self.add_application(app_id=app_id, app_name=name, **self._written(body)) else None)
        return 201, {"message": "created", "app_id": app_id}

    def _update(self, app_id: str, body: Object) -> Answer:
        if wrong := self._wrong(body):
            return 400, {"error": wrong}
        self._show(lambda: self.applications[app_id].update(self._written(body)))
        return 202, {"message": "changed"}

    def _delete(self, app_id: str, parameters: Mapping[str, Any]) -> Answer:
        cascade = str(parameters.get("cascade", True)).lower() != "false"
        uri = self._uri("Application", app_id)
        for ident, endpoint in list(self.endpoints.items()):
            if endpoint["application"] == uri:
                if cascade:
                    del self.endpoints[ident]
                else:
                    endpoint["application"] = None
        for number in self.numbers.values():
            if number["application"] == uri:
                number["application"] = None
        del self.applications[app_id]
        return 204, None

    def _point(self, number: str, body: Object) -> Answer:
        fields: Object = {"alias": body["alias"]} if "alias" in body else {}
        if body.get("app_id"):
            if str(body["app_id"]) not in self.applications:
                return 400, {"error": "app_id is not an application of this account"}
            fields["application"] = self._uri("Application", str(body["app_id"]))
        elif "app_id" in body and self._options.unlink != "ignore":
            default = next((app_id for app_id, app in self.applications.items() if app["default_app"]), None)
            unlinked = default if self._options.unlink == "default" else None
            fields["application"] = self._uri("Application", unlinked) if unlinked else None
        self._show(lambda: self.numbers[number].update(fields))
        return 202, {"message": "changed"}
