"""What users see and what reaches the API, over real HTTP against the sandbox."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run

from plivo_reject.cli import COMMANDS
from plivo_reject.sandbox import Sandbox

URL = "https://example.com/reject_calls/"
NUMBER = "+14155550100"
OUTLASTED = (
    *("503", "500-html", "429", "429-seconds", "429-date", "drop-before"),
    *("drop-after", "truncate", "bad-json", "200-html", "trickle"),
)


def set_up(run: Run, *more: str) -> str:
    result = run("setup", "--answer-url", URL, "--json", *more)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["application"]["app_id"]


def test_setup_creates_then_finds_nothing_to_do(run: Run, sandbox: Sandbox) -> None:
    first = json.loads(run("setup", "--answer-url", URL, "--json").stdout)
    second = json.loads(run("setup", "--answer-url", URL, "--json").stdout)
    assert (first["action"], second["action"]) == ("created", "unchanged")
    assert [app["answer_url"] for app in sandbox.state.applications.values()] == [URL]


def test_setup_changes_only_what_was_asked(run: Run, sandbox: Sandbox) -> None:
    app = sandbox.state.add_application(
        app_name="Reject Call",
        answer_url="https://old.example.com/",
        answer_method="GET",
        hangup_url="https://old.example.com/hangup",
        hangup_method="GET",
        fallback_answer_url="https://old.example.com/fallback",
        fallback_method="GET",
        message_url="https://old.example.com/sms",
        message_method="GET",
        default_app=True,
        default_endpoint_app=True,
        log_incoming_messages=False,
        public_uri=True,
        sip_auth_type="credential",
        credential_uuid="c-1",
        ip_acl_uuid="i-1",
    )
    before = dict(app)
    document = json.loads(run("setup", "--answer-url", URL, "--json").stdout)
    assert document["changes"] == [{"field": "answer_url", "before": before["answer_url"], "after": URL}]
    assert app == {**before, "answer_url": URL}


def test_dry_runs_write_nothing(run: Run, sandbox: Sandbox) -> None:
    run("setup", "--answer-url", URL, "--dry-run")
    set_up(run)
    sandbox.requests.clear()
    document = json.loads(run("assign", NUMBER, "--dry-run", "--json").stdout)
    assert document["numbers"][0]["status"] == "planned"
    assert {request.method for request in sandbox.requests} == {"GET"}


def test_refused_name_falls_back_and_is_found_again(run: Run, make_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = make_sandbox(strict_names=True)
    assert "'Reject-Call'" in run("setup", "--answer-url", URL).stderr
    assert run("assign", NUMBER).exit_code == 0
    assert [app["app_name"] for app in sandbox.state.applications.values()] == ["Reject-Call"]


def test_several_applications_of_one_name_stop_the_run(run: Run, sandbox: Sandbox) -> None:
    ids = [sandbox.state.add_application(app_name="Reject Call", answer_url=URL)["app_id"] for _ in range(2)]
    result = run("assign", NUMBER)
    assert result.exit_code == 6
    assert all(app_id in result.stderr for app_id in ids)
    assert run("assign", NUMBER, "--app-id", ids[1]).exit_code == 0
    assert sandbox.state.application_of("14155550100") == ids[1]


def test_assign_takes_at_most_five_requests(run: Run, sandbox: Sandbox) -> None:
    app_id = set_up(run)
    old = sandbox.state.add_application(app_name="old", answer_url=URL)
    sandbox.state.add_number("14155559999", app_id=old["app_id"])
    sandbox.requests.clear()
    result = run("assign", "+1 (415) 555-9999")
    assert result.exit_code == 0
    assert sandbox.state.application_of("14155559999") == app_id
    assert len(sandbox.requests) <= 5
    assert "Next: plivo-reject status" in result.stderr


def test_second_assign_writes_nothing(run: Run, sandbox: Sandbox) -> None:
    set_up(run)
    run("assign", NUMBER)
    sandbox.requests.clear()
    document = json.loads(run("assign", NUMBER, "--json").stdout)
    assert document["numbers"][0]["status"] == "unchanged"
    assert document["run_id"] is None
    assert {request.method for request in sandbox.requests} == {"GET"}


def test_one_document_with_an_entry_per_number_in_order(run: Run, sandbox: Sandbox) -> None:
    app_id = set_up(run)
    sandbox.state.add_number("14155550555", voice_enabled=False)
    result = run("assign", "+14155550101", "+14155558888", "+14155550555", NUMBER, NUMBER, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 4
    assert [(row["number"], row["status"]) for row in document["numbers"]] == [
        ("+14155550101", "changed"),
        ("+14155558888", "failed"),
        ("+14155550555", "skipped"),
        (NUMBER, "changed"),
    ]
    assert document["numbers"][1]["error"]["code"] == "NUMBER_NOT_FOUND"
    assert document["numbers"][0]["after"] == {"app_id": app_id, "app_name": "Reject Call"}
    assert document["summary"] == {"changed": 2, "unchanged": 0, "skipped": 1, "planned": 0, "failed": 1}


def test_messages_survive_assign_setup_and_unassign(run: Run, sandbox: Sandbox) -> None:
    set_up(run)
    homes = {}
    for index in range(10):
        number = f"1415555020{index}"
        if index < 3:
            sandbox.state.add_application(
                app_id=f"old{index}",
                app_name=f"old {index}",
                answer_url=URL,
                message_url=f"https://sms.example.com/{index}",
            )
        sandbox.state.add_number(number, app_id=f"old{index % 3}")
        homes[number] = f"https://sms.example.com/{index % 3}"

    def texts_go() -> dict[str, str]:
        found = {}
        for number in homes:
            app_id = sandbox.state.application_of(number)
            found[number] = sandbox.state.applications[app_id]["message_url"] if app_id else ""
        return found

    document = json.loads(run("assign", *homes, "--json").stdout)
    assert document["summary"]["changed"] == 10
    assert texts_go() == homes
    assert len(sandbox.state.applications) == 3 + 1 + 3
    new = "https://new.example.com/"
    assert run("setup", "--answer-url", new).exit_code == 0
    assert texts_go() == homes
    used = {sandbox.state.application_of(number) for number in homes}
    assert {sandbox.state.applications[app_id]["answer_url"] for app_id in used} == {new}
    assert run("unassign", *homes).exit_code == 0
    assert texts_go() == homes
    assert {sandbox.state.application_of(number) for number in homes} == {"old0", "old1", "old2"}


def test_drop_messages_moves_to_the_main_application(run: Run, sandbox: Sandbox) -> None:
    app_id = set_up(run)
    sandbox.state.add_application(app_id="old", app_name="old", answer_url=URL, message_url="https://sms.example.com/")
    sandbox.state.add_number("14155550200", app_id="old")
    run("assign", "+14155550200", "--drop-messages")
    assert sandbox.state.application_of("14155550200") == app_id


@pytest.mark.parametrize(
    ("unlink", "status", "code"), [("none", "changed", 0), ("default", "changed", 0), ("ignore", "failed", 6)]
)
def test_unassign_tells_what_plivo_made_of_it(
    run: Run, make_sandbox: Callable[..., Sandbox], unlink: str, status: str, code: int
) -> None:
    sandbox = make_sandbox(unlink=unlink)
    default = sandbox.state.add_application(app_name="standard", answer_url=URL, default_app=True)
    set_up(run)
    run("assign", NUMBER)
    result = run("unassign", NUMBER, "--json")
    row = json.loads(result.stdout)["numbers"][0]
    assert (row["status"], result.exit_code) == (status, code)
    if unlink == "default":
        assert row["after"] == {"app_id": default["app_id"], "app_name": "standard"}
    if unlink == "ignore":
        assert row["error"]["code"] == "NOT_APPLIED"


def test_unassign_leaves_numbers_of_others_alone(run: Run, sandbox: Sandbox) -> None:
    set_up(run)
    sandbox.state.add_application(app_id="other", app_name="other", answer_url=URL)
    sandbox.state.add_number("14155550200", app_id="other")
    row = json.loads(run("unassign", "+14155550200", "--json").stdout)["numbers"][0]
    assert row["status"] == "unchanged"
    assert sandbox.state.application_of("14155550200") == "other"


def test_write_that_shows_late_is_waited_for(run: Run, make_sandbox: Callable[..., Sandbox]) -> None:
    make_sandbox(lag_ms=300)
    assert run("setup", "--answer-url", URL).exit_code == 0
    assert run("assign", NUMBER).exit_code == 0


def test_write_that_never_shows_is_exit_6(run: Run, sandbox: Sandbox) -> None:
    set_up(run)
    sandbox.inject("ignore:POST:Number")
    result = run("assign", NUMBER)
    assert result.exit_code == 6
    assert "still on no application" in result.stdout


@pytest.mark.parametrize("kind", OUTLASTED)
def test_passing_faults_are_outlasted(run: Run, sandbox: Sandbox, kind: str) -> None:
    app_id = set_up(run)
    sandbox.inject(f"{kind}:POST:Number", f"{kind}:GET:Number")
    result = run("assign", NUMBER)
    assert result.exit_code == 0, result.stderr
    assert sandbox.state.application_of("14155550100") == app_id


@pytest.mark.parametrize("kind", ["503", "500-html", "drop-before", "drop-after", "truncate", "bad-json"])
def test_no_fault_makes_two_applications(run: Run, sandbox: Sandbox, kind: str) -> None:
    sandbox.inject(f"{kind}:POST:Application")
    result = run("setup", "--answer-url", URL)
    assert result.exit_code == 0, result.stderr
    assert len(sandbox.state.applications) == 1
    assert result.stdout.startswith("Application Reject Call")


def test_faults_that_stay_are_exit_5(run: Run, sandbox: Sandbox) -> None:
    set_up(run)
    sandbox.inject("503:*::*")
    result = run("numbers", "--retry-for", "0.2", "--json")
    assert (result.exit_code, result.stdout) == (5, "")
    error = json.loads(result.stderr)["error"]
    assert (error["code"], error["retryable"], error["status"]) == ("SERVER_ERROR", True, 503)


def test_error_as_a_dict_is_told(run: Run, sandbox: Sandbox) -> None:
    sandbox.inject("error-dict:POST")
    result = run("setup", "--answer-url", URL)
    assert result.exit_code == 1
    assert "answer_url: is not valid, is too long" in result.stderr


@pytest.mark.parametrize("paging", ["offset", "cursor", "broken"])
def test_lists_end_and_are_whole(run: Run, make_sandbox: Callable[..., Sandbox], paging: str) -> None:
    make_sandbox(numbers=73, paging=paging)
    rows = json.loads(run("numbers", "--json").stdout)["numbers"]
    assert len({row["number"] for row in rows}) == (20 if paging == "broken" else 73)


def test_all_is_cheap_and_can_be_undone(run: Run, make_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = make_sandbox(numbers=200, rate=100000)
    set_up(run)
    sandbox.requests.clear()
    assert run("assign", "--all", "--yes", "--rate", "100000").exit_code == 0
    assert len(sandbox.requests) <= 1.35 * 200 + 40
    assert None not in {sandbox.state.application_of(number) for number in sandbox.state.numbers}
    document = json.loads(run("undo", "--yes", "--json", "--rate", "100000").stdout)
    assert document["summary"]["changed"] == 200
    assert {sandbox.state.application_of(number) for number in sandbox.state.numbers} == {None}
    actions = [run_["action"] for run_ in json.loads(run("history", "--json").stdout)["runs"]]
    assert actions == ["undo", "assign"]
    assert run("undo", "--yes").exit_code == 4


def test_rate_is_never_exceeded(run: Run, make_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = make_sandbox(numbers=60, rate=60)
    set_up(run)
    assert run("assign", "--all", "--yes", "--rate", "50", "-q").exit_code == 0
    assert 429 not in {request.status for request in sandbox.requests}


def test_undo_skips_what_someone_changed(run: Run, sandbox: Sandbox) -> None:
    set_up(run)
    other = sandbox.state.add_application(app_name="other", answer_url=URL)
    run("assign", NUMBER, "+14155550101")
    sandbox.state.add_number("14155550101", app_id=other["app_id"])
    rows = json.loads(run("undo", "--yes", "--json").stdout)["numbers"]
    assert [row["status"] for row in rows] == ["changed", "skipped"]
    assert sandbox.state.application_of("14155550101") == other["app_id"]


def test_questions_need_a_terminal_or_yes(run: Run, sandbox: Sandbox) -> None:
    set_up(run)
    sandbox.requests.clear()
    for arguments in (["assign", "--all"], ["teardown"]):
        assert run(*arguments).exit_code == 2
    assert {request.method for request in sandbox.requests} == {"GET"}


def test_teardown_keeps_what_an_endpoint_is_on(run: Run, sandbox: Sandbox) -> None:
    app_id = set_up(run)
    run("assign", NUMBER)
    endpoint = sandbox.state.add_endpoint(app_id)
    result = run("teardown", "--yes")
    assert result.exit_code == 6
    assert "SIP endpoints are still on it" in result.stderr
    del sandbox.state.endpoints[endpoint["endpoint_id"]]
    assert run("teardown", "--yes").exit_code == 0
    assert sandbox.state.applications == {}
    assert sandbox.state.application_of("14155550100") is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["assign", "12"], 2, "'12'"),
        (["assign", NUMBER, "nonsense"], 2, "'nonsense'"),
        (["assign"], 2, "No number"),
        (["assign", "--all", NUMBER], 2, "exclude"),
        (["setup", "--answer-url", "example.com"], 2, "example.com"),
        (["setup", "--answer-url", "http://127.0.0.1/"], 2, "127.0.0.1"),
        (["setup", "--answer-url", "http://10.1.2.3/"], 2, "not public"),
        (["setup", "--answer-url", "https://me:secret@example.com/"], 2, "credentials"),
        (["setup"], 2, "answer URL"),
        (["numbers", "--env-file", "missing.env"], 2, "missing.env"),
        (["numbers", "--api-url", "http://example.com/v1"], 2, "unencrypted"),
        (["numbers", "--auth-id", "nonsense"], 3, "'nonsense'"),
        (["assign", NUMBER], 4, "no application"),
        (["numbers", "--api-url", "http://127.0.0.1:9/v1", "--retry-for", "0"], 5, "cannot be reached"),
    ],
)
def test_bad_input_is_named(run: Run, sandbox: Sandbox, arguments: list[str], code: int, said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "secret" not in result.stderr
    error = json.loads(run(*arguments, "--json").stderr)["error"]
    assert set(error) == {"code", "message", "hint", "retryable", "status"}
    assert {request.method for request in sandbox.requests} <= {"GET"}


def test_wrong_token_is_exit_3_and_not_shown(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "wrong-token-1")
    result = run("numbers", "-v")
    assert result.exit_code == 3
    assert "wrong-token-1" not in result.stderr


def test_no_credentials_is_exit_3(run: Run) -> None:
    result = run("numbers")
    assert result.exit_code == 3
    assert "PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN" in result.stderr


def test_env_file_and_standard_input(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(run)
    monkeypatch.delenv("PLIVO_AUTH_TOKEN")
    Path("my.env").write_text("PLIVO_AUTH_TOKEN=sandbox-token\n")
    result = run("assign", "-", "--env-file", "my.env", "--json", stdin="number\n+14155550100,x\n# no\n14155550101\n")
    assert json.loads(result.stdout)["summary"]["changed"] == 2
    bad = run("assign", "-", "--env-file", "my.env", stdin="+14155550100\nnonsense\n")
    assert (bad.exit_code, "line 2" in bad.stderr) == (2, True)


def test_journal_that_cannot_be_written_stops_before_the_first_write(run: Run, sandbox: Sandbox) -> None:
    set_up(run)
    Path("file").write_text("")
    assert run("assign", NUMBER, "--journal", "file/journal.jsonl").exit_code == 1
    assert sandbox.state.application_of("14155550100") is None
    assert run("assign", NUMBER, "--no-journal").exit_code == 0


def test_journal_is_private_and_small(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    set_up(run)
    run("assign", *sandbox.state.numbers)
    journal = tmp_path / "journal.jsonl"
    assert journal.stat().st_mode & 0o777 == 0o600
    assert journal.stat().st_size <= 400 * 10
    assert "sandbox-token" not in journal.read_text()


@pytest.mark.parametrize(("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_run_is_recorded_and_goes_on(
    run: Run, make_sandbox: Callable[..., Sandbox], python: str, which: signal.Signals, code: int
) -> None:
    sandbox = make_sandbox(numbers=60, latency_ms=30, rate=100000)
    set_up(run)
    arguments = [python, "-m", "plivo_reject", "assign", "--all", "--yes", "--workers", "2", "--rate", "100000"]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while sum(request.path.count("/Number/1") for request in list(sandbox.requests)) < 5:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(which)
    _, said = process.communicate(timeout=3)
    assert process.returncode == code
    assert "plivo-reject undo" in said
    assert json.loads(run("history", "--json").stdout)["runs"][0]["finished_at"] is None
    assert json.loads(run("undo", "--yes", "--json").stdout)["summary"]["failed"] == 0
    assert {sandbox.state.application_of(number) for number in sandbox.state.numbers} == {None}


def test_help_of_every_command_says_what_the_table_says(run: Run) -> None:
    for name, short in COMMANDS.items():
        for flag in ("-h", "--help"):
            result = run(name, flag)
            assert result.exit_code == 0
            assert "Example: plivo-reject" in result.stdout
            assert short in " ".join(result.stdout.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["xml"]])
def test_start_up_is_free_of_heavy_imports(python: str, arguments: list[str]) -> None:
    script = (
        "import sys; sys.argv[1:] = sys.argv[2:]",
        "from plivo_reject.cli import cli",
        "try: cli()",
        "except SystemExit: pass",
        "bad = {'plivo', 'requests', 'rich', 'granian'} & set(sys.modules)",
        "sys.exit(str(bad) if bad else 0)",
    )
    done = subprocess.run([python, "-c", "\n".join(script), "-", *arguments], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_demo_shows_the_main_job(python: str) -> None:
    done = subprocess.run([python, "-m", "plivo_reject", "demo"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    for shown in ("$ plivo-reject setup", "$ plivo-reject assign", '<Hangup reason="rejected"/>', "event=rejected"):
        assert shown in done.stdout
    assert not list(Path().iterdir())


def test_two_setups_at_once_end_with_one_application(
    run: Run, make_sandbox: Callable[..., Sandbox], python: str
) -> None:
    sandbox = make_sandbox(latency_ms=60)
    command = [python, "-m", "plivo_reject", "setup", "--answer-url", URL, "--json"]
    both = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True) for _ in range(2)]
    said = [process.communicate(timeout=20) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    used = {json.loads(out)["application"]["app_id"] for out, _ in said}
    assert used == set(sandbox.state.applications)
    assert len(used) == 1


def test_killed_run_can_be_undone(run: Run, make_sandbox: Callable[..., Sandbox], python: str) -> None:
    sandbox = make_sandbox(numbers=30, latency_ms=30, rate=100000)
    set_up(run)
    numbers = list(sandbox.state.numbers)
    process = subprocess.Popen(
        [python, "-m", "plivo_reject", "assign", *numbers, "--workers", "2"], stdout=-1, stderr=-1
    )
    while sum(request.method == "POST" for request in list(sandbox.requests)) < 8:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    # What had reached the API before the kill still takes effect.
    while not all(request.status for request in sandbox.requests):
        time.sleep(0.01)
    moved = [number for number in numbers if sandbox.state.application_of(number)]
    assert moved
    document = json.loads(run("undo", "--yes", "--json").stdout)
    assert document["summary"]["changed"] == len(moved)
    assert {sandbox.state.application_of(number) for number in numbers} == {None}


def test_subaccount_sees_only_its_own(run: Run, sandbox: Sandbox) -> None:
    subaccount = "SAXXXXXXXXXXXXXXXXXX"
    sandbox.state.add_number("14155550300", sub_account=f"/v1/Account/{subaccount}/")
    app_id = set_up(run, "--subaccount", subaccount)
    assert sandbox.state.applications[app_id]["sub_account"] == f"/v1/Account/{subaccount}/"
    rows = json.loads(run("numbers", "--subaccount", subaccount, "--json").stdout)["numbers"]
    assert [row["number"] for row in rows] == ["+14155550300"]
    assert run("assign", NUMBER, "--subaccount", subaccount).exit_code == 4
    assert run("assign", "+14155550300", "--subaccount", subaccount).exit_code == 0


def test_installed_script_does_the_main_job(sandbox: Sandbox, python: str) -> None:
    script = Path(python).parent / "plivo-reject"
    for arguments, code in (
        (["setup", "--answer-url", URL], 0),
        (["assign", NUMBER], 0),
        (["numbers"], 0),
        (["status"], 0),
        (["unassign", NUMBER], 0),
        (["undo", "--yes"], 0),
        (["history"], 0),
        (["teardown", "--yes"], 0),
        (["serve", "--port", "99999"], 2),
        (["sandbox", "--host", "0.0.0.0"], 2),
        (["status"], 4),
    ):
        done = subprocess.run([script, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == code, (arguments, done.stderr)


def test_installed_script_runs(python: str) -> None:
    script = Path(python).parent / "plivo-reject"
    done = subprocess.run([script, "xml"], capture_output=True, text=True)
    assert done.stdout == '<Response><Hangup reason="rejected"/></Response>\n'
