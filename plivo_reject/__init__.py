"""Reject calls to Plivo phone numbers."""

__version__ = "0.1.0"
