"""Single API calls, numbers, the rate limit and the journal."""

from __future__ import annotations

from pathlib import Path

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from plivo_reject import phone
from plivo_reject.errors import ApiError, CredentialsError, UsageError
from plivo_reject.gateway import PlivoGateway
from plivo_reject.journal import Journal
from plivo_reject.pool import RateLimit
from plivo_reject.settings import Settings

BASE = "https://api.plivo.com/v1/Account/MATESTTESTTESTTEST01/"


def gateway() -> PlivoGateway:
    return PlivoGateway(Settings(auth_id="MATESTTESTTESTTEST01", auth_token="secret", source="a test", retry_for=0.0))


@responses.activate
def test_unlink_sends_an_empty_app_id() -> None:
    match = [responses.matchers.json_params_matcher({"app_id": ""})]
    responses.post(BASE + "Number/14155550100/", json={"message": "changed"}, status=202, match=match)
    gateway().point_number("14155550100", None)


@responses.activate
def test_delete_never_cascades() -> None:
    match = [responses.matchers.json_params_matcher({"cascade": False})]
    responses.delete(BASE + "Application/1/", status=204, match=match)
    gateway().delete_application("1")


@responses.activate
def test_create_is_sent_once_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    responses.post(BASE + "Application/", status=503, body="<html>")
    with pytest.raises(ApiError) as caught:
        gateway().create_application({"app_name": "Reject Call"})
    assert caught.value.in_doubt
    assert len(responses.calls) == 1
    assert capsys.readouterr().out == ""


@responses.activate
@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_never_show_the_token(status: int) -> None:
    responses.get(BASE, status=status, json={"error": "no such token: secret"})
    with pytest.raises(CredentialsError) as caught:
        gateway().account()
    assert "secret" not in caught.value.message


def test_settings_hide_the_token() -> None:
    assert "secret" not in repr(Settings(auth_id="MA", auth_token="secret", source=""))


@given(st.integers(2_000_000, 9_999_999), st.sampled_from(["+1 (415) {}-{}", "1415{}{}", "+1415{}{}", "1-415-{}-{}"]))
def test_numbers_as_people_write_them(local: int, form: str) -> None:
    text = str(local)
    assert phone.parse(form.format(text[:3], text[3:])) == "1415" + text
    assert phone.parse(f"(415) {text[:3]}-{text[3:]}", "US") == "1415" + text


@given(st.text())
def test_any_text_is_a_number_or_a_usage_error(text: str) -> None:
    try:
        assert phone.parse(text).isdigit()
    except UsageError as error:
        assert repr(text.strip()) in error.message


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=60))
def test_no_window_holds_more_than_the_limit(durations: list[float]) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    limit = RateLimit(5, window=1.0, clock=lambda: now, sleep=sleep)
    seen: list[float] = []
    for duration in durations:
        with limit.slot():
            now += duration
            seen.append(now)
    assert all(later - first >= 1.0 for first, later in zip(seen, seen[5:], strict=False))


def test_journal_is_readable_when_cut_at_any_byte(tmp_path: Path) -> None:
    path = tmp_path / "whole.jsonl"
    journal = Journal(path)
    run_id = journal.begin("assign")
    for number in ("1", "2", "3"):
        journal.intend(run_id, number, "old", "new")
        journal.conclude(run_id, number, "changed", "new")
    journal.end(run_id, {"changed": 3})
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        cut = tmp_path / f"{length}.jsonl"
        cut.write_bytes(whole[:length])
        again = Journal(cut)
        complete = whole[:length].count(b'"b":"old"')
        recorded = again.runs()[0].entries if again.runs() else {}
        assert complete - 1 <= len(recorded) <= complete
        later = again.begin("unassign")
        assert [run.run_id for run in again.runs()][-1] == later
