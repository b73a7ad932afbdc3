"""Plivo's API in memory, on loopback; knows nothing of the program that it tests."""

from plivo_reject.sandbox.faults import Fault
from plivo_reject.sandbox.http import Sandbox
from plivo_reject.sandbox.state import SandboxOptions

__all__ = ["Fault", "Sandbox", "SandboxOptions"]
