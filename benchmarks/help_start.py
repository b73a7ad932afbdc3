"""Compare `plivo-reject --help` with `python -c "import click"`: interleaved runs, medians, one ratio."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 40


def seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    script = ["-c", "from plivo_reject.cli import cli; cli()", "--help"]
    plain = ["-c", "import click"]
    pairs = [(seconds(script), seconds(plain)) for _ in range(RUNS)]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"--help {ours * 1000:.1f} ms, import click {floor * 1000:.1f} ms, ratio {ours / floor:.2f}")


if __name__ == "__main__":
    main()
