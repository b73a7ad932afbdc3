"""Ordered, bounded concurrency and the rate limit; clock and sleep are handed in."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

GRACE = 1.5
"""Seconds that requests in flight are given to finish after an interrupt."""


class Stopped(Exception):
    """The run was interrupted; no further request is sent."""


class RateLimit:
    """At most ``limit`` requests in any window of ``window`` seconds, as the server counts them.

    A request counts from its start until ``window`` seconds after its end: it reached the server somewhere between,
    so no window on the server's clock holds more, whatever the network did.
    """

    def __init__(
        self,
        limit: int,
        window: float = 5.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._in_flight = 0
        self._ended: deque[float] = deque()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a place for one request, waiting for it when the window is full."""
        while (pause := self._take()) > 0:
            self._sleep(pause)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1
                self._ended.append(self._clock())

    def _take(self) -> float:
        with self._lock:
            now = self._clock()
            while self._ended and self._ended[0] <= now - self._window:
                self._ended.popleft()
            if self._in_flight + len(self._ended) < self._limit:
                self._in_flight += 1
                return 0.0
            if self._ended:
                return max(self._ended[0] + self._window - now, 0.001)
            return 0.01


def ordered_map(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int,
    stop: threading.Event,
    on_done: Callable[[], None] = lambda: None,
) -> list[Result | None]:
    """Apply ``work`` to every item, at most ``workers`` at once; results stand in the order of the items.

    An exception of ``work`` sets ``stop`` and is raised here. On Ctrl-C ``stop`` is set, what is in flight gets
    ``GRACE`` seconds, and the ``KeyboardInterrupt`` goes on; items without a result are None.
    """
    results: list[Result | None] = [None] * len(items)
    todo = iter(range(len(items)))
    lock = threading.Lock()
    done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def run() -> None:
        while not stop.is_set():
            with lock:
                index = next(todo, None)
            if index is None:
                return
            try:
                results[index] = work(items[index])
                done.put(None)
            except BaseException as error:  # handed to the caller's thread, which raises it
                done.put(error)
                return

    # Daemons: a request that hangs must not keep the program from ending after Ctrl-C.
    threads = [threading.Thread(target=run, daemon=True) for _ in range(min(workers, len(items)))]
    for thread in threads:
        thread.start()
    failure: BaseException | None = None
    try:
        for _ in items:
            failure = _next(done)
            if failure is not None:
                break
            on_done()
    except KeyboardInterrupt:
        stop.set()
        deadline = time.monotonic() + GRACE
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        raise
    if failure is not None:
        stop.set()
        for thread in threads:
            thread.join(GRACE)
        raise failure
    return results


def _next(done: queue.SimpleQueue[BaseException | None]) -> BaseException | None:
    while True:
        try:
            # A wait without an end cannot be interrupted by Ctrl-C on Windows.
            return done.get(timeout=0.5)
        except queue.Empty:
            continue
