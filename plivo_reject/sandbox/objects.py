"""The objects that the API shows, as it makes them; pure functions and tables."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

Object = dict[str, Any]

REJECTED = {"hangup_cause_code": 3020, "hangup_cause_name": "Rejected", "call_state": "NO_ANSWER"}
HUNG_UP = {"hangup_cause_code": 4000, "hangup_cause_name": "Normal Hangup", "call_state": "ANSWER"}


def new_id(digits: int) -> str:
    """Return an id of so many digits."""
    return str(random.randrange(10 ** (digits - 1), 10**digits))


def uri(account: str, resource: str, ident: str) -> str:
    """Return an object's ``resource_uri``."""
    return f"/v1/Account/{account}/{resource}/{ident}/"


def tail(link: object) -> str | None:
    """Return the id at the end of a resource URI, None for none."""
    return str(link or "").strip("/").rpartition("/")[2] or None


def timestamp(moment: float) -> str:
    """Return a time as call records tell it."""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(sep=" ", timespec="seconds")


def application(account: str, fields: Mapping[str, Any]) -> Object:
    """Make an application; fields that are not given are as Plivo makes them."""
    app_id = str(fields.get("app_id") or new_id(17))
    made: Object = {
        "answer_method": "POST",
        "answer_url": "",
        "app_id": app_id,
        "app_name": "",
        "application_type": "XML",
        "credential_uuid": None,
        "default_app": False,
        "default_endpoint_app": False,
        "enabled": True,
        "fallback_answer_url": "",
        "fallback_method": "POST",
        "hangup_method": "POST",
        # A rejection is told to the answer URL unless another is named.
        "hangup_url": fields.get("answer_url", ""),
        "ip_acl_uuid": None,
        "log_incoming_message": True,
        "log_incoming_messages": True,
        "message_method": "POST",
        "message_url": "",
        "public_uri": False,
        "resource_uri": uri(account, "Application", app_id),
        "sip_auth_type": "none",
        "sip_uri": f"sip:{app_id}@app.plivo.com",
        "sub_account": None,
        **fields,
    }
    if "log_incoming_messages" in fields:
        made["log_incoming_message"] = fields["log_incoming_messages"]
    return made


def number(account: str, digits: str, fields: Mapping[str, Any]) -> Object:
    """Make a phone number, rented in California."""
    return {
        "active": True,
        "added_on": "2024-01-15",
        "alias": "",
        "application": None,
        "carrier": "Plivo",
        "city": "San Francisco",
        "cnam_lookup": "disabled",
        "compliance_application_id": None,
        "compliance_status": None,
        "country": "United States",
        "mms_enabled": True,
        "mms_rate": "0.00000",
        "monthly_rental_rate": "0.80000",
        "number": digits,
        "number_type": "local",
        "region": "California, UNITED STATES",
        "renewal_date": "2027-01-15",
        "resource_uri": uri(account, "Number", digits),
        "sms_enabled": True,
        "sms_rate": "0.00000",
        "sub_account": None,
        "tendlc_campaign_id": None,
        "tendlc_registration_status": "UNREGISTERED",
        "toll_free_sms_verification": None,
        "voice_enabled": True,
        "voice_rate": "0.00850",
        **fields,
    }


def endpoint(account: str, fields: Mapping[str, Any]) -> Object:
    """Make a SIP endpoint."""
    ident = str(fields.get("endpoint_id") or new_id(14))
    username = str(fields.get("username") or f"phone{ident}")
    return {
        "alias": "phone",
        "application": None,
        "endpoint_id": ident,
        "resource_uri": uri(account, "Endpoint", ident),
        "sip_registered": "false",
        "sip_uri": f"sip:{username}@phone.plivo.com",
        "sub_account": None,
        "username": username,
        **fields,
    }


def subaccount(account: str, auth_id: str, token: str) -> Object:
    """Make a subaccount as its listing shows it."""
    return {
        "account": f"/v1/Account/{account}/",
        "auth_id": auth_id,
        "auth_token": token,
        "created": "2024-01-15",
        "enabled": True,
        "modified": None,
        "name": f"Subaccount {auth_id[-4:]}",
        "new_auth_token": token,
        "resource_uri": uri(account, "Subaccount", auth_id),
    }


def account(auth_id: str) -> Object:
    """Make the account's details."""
    return {
        "account_type": "standard",
        "address": "",
        "auth_id": auth_id,
        "auto_recharge": False,
        "billing_mode": "prepaid",
        "cash_credits": "10.00000",
        "city": "",
        "name": "Sandbox",
        "resource_uri": f"/v1/Account/{auth_id}/",
        "state": "",
        "timezone": "UTC",
    }


def call(account: str, call_uuid: str, fields: Mapping[str, Any], *, rejected: bool, started: float) -> Object:
    """Make the record of a completed call, ten seconds long unless it was rejected."""
    seconds = 0 if rejected else 10
    return {
        "answer_time": None if rejected else timestamp(started + 1),
        "bill_duration": seconds,
        "billed_duration": 0 if rejected else 60,
        "call_duration": seconds,
        "call_uuid": call_uuid,
        "conference_uuid": None,
        "end_time": timestamp(started + 1 + seconds),
        "initiation_time": timestamp(started),
        "parent_call_uuid": None,
        "resource_uri": uri(account, "Call", call_uuid),
        "stir_verification": "Not Applicable",
        "sub_account": None,
        "total_amount": "0.00000" if rejected else "0.00850",
        "total_rate": "0.00850",
        **(REJECTED if rejected else HUNG_UP),
        **fields,
    }
