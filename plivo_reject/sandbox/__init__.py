"""Plivo's API in memory, on loopback; knows nothing of the program that it tests."""

from plivo_reject.sandbox.faults import Fault
from plivo_reject.sandbox.options import SandboxOptions
from plivo_reject.sandbox.server import Sandbox

__all__ = ["Fault", "Sandbox", "SandboxOptions"]
