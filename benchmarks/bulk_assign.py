"""Assign many numbers against the sandbox at 60 ms latency and the real limit, beside a plain loop over the SDK."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

LATENCY_MS = 60


def start(numbers: int) -> tuple[subprocess.Popen[str], dict[str, str]]:
    arguments = ["sandbox", "--numbers", str(numbers), "--latency-ms", str(LATENCY_MS)]
    process = subprocess.Popen([sys.executable, "-m", "plivo_reject", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline().strip().removeprefix("export ") for _ in range(3)]
    return process, dict(line.split("=", 1) for line in lines)


def run(environment: dict[str, str], *arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "plivo_reject", *arguments, "--json"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def plain_loop(environment: dict[str, str], numbers: int, app_id: str) -> float:
    """What a script over the API does: get, update, get, one after another; seconds a number."""
    base = f"{environment['PLIVO_API_URL']}/Account/{environment['PLIVO_AUTH_ID']}/Number/"
    session = requests.Session()
    session.auth = (environment["PLIVO_AUTH_ID"], environment["PLIVO_AUTH_TOKEN"])
    started = time.perf_counter()
    for offset in range(numbers):
        url = f"{base}{14155550100 + offset}/"
        session.get(url).raise_for_status()
        session.post(url, json={"app_id": app_id}).raise_for_status()
        session.get(url).raise_for_status()
    return (time.perf_counter() - started) / numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=1000)
    numbers = parser.parse_args().numbers
    with tempfile.TemporaryDirectory() as folder:
        process, environment = start(numbers)
        environment["PLIVO_REJECT_JOURNAL"] = str(Path(folder, "journal.jsonl"))
        try:
            made: Any = run(environment, "setup", "--answer-url", "https://example.com/reject_calls/")
            app_id = str(made["application"]["app_id"])
            control = environment["PLIVO_API_URL"].removesuffix("/v1") + "/_sandbox/requests"
            # What setup sent counts at the API, and not in the new process.
            time.sleep(5)
            requests.delete(control, timeout=10)
            started = time.perf_counter()
            run(environment, "assign", "--all", "--yes")
            ours = time.perf_counter() - started
            sent = requests.get(control, timeout=10).json()["requests"]
            time.sleep(5)
            loop = plain_loop(environment, 50, app_id) * numbers
        finally:
            process.terminate()
    refused = sum(request["status"] == 429 for request in sent)
    at = [request["at"] for request in sent]
    pace = (len(sent) - 300) / (at[-1] - at[0]) / 60 if len(sent) > 300 else 0
    print(f"{numbers} numbers: {ours:.1f} s, {len(sent)} requests, {refused} refused, pace {pace:.0%} of the limit")
    print(f"plain loop (50 numbers, scaled): {loop:.1f} s, ratio {loop / ours:.1f}")


if __name__ == "__main__":
    main()
