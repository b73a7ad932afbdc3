"""What can go wrong: code, message, hint and the exit code that says it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes that scripts rely on."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CREDENTIALS = 3
    NOT_FOUND = 4
    TEMPORARY = 5
    PARTIAL = 6
    INTERRUPTED = 130
    TERMINATED = 143


class PlivoRejectError(Exception):
    """A failure that the user is told about.

    ``code`` is stable and upper case, ``message`` says what happened and to what, ``hint`` what to do,
    ``status`` is the HTTP status when Plivo answered one. ``retryable`` says that running again may succeed.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        exit_code: Exit = Exit.REFUSED,
        retryable: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.retryable = retryable
        self.status = status

    def document(self) -> dict[str, object]:
        """Return the JSON document that stands for this error."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "status": self.status,
        }


class UsageError(PlivoRejectError):
    """A bad option, number, URL or file, or a confirmation missing."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(code, message, hint=hint, exit_code=Exit.USAGE)


class CredentialsError(PlivoRejectError):
    """Credentials missing, malformed or refused."""

    def __init__(self, code: str, message: str, *, hint: str = "", status: int | None = None) -> None:
        super().__init__(code, message, hint=hint, exit_code=Exit.CREDENTIALS, status=status)


class NotFoundError(PlivoRejectError):
    """The application or a number is not on this account."""

    def __init__(self, code: str, message: str, *, hint: str = "", status: int | None = None) -> None:
        super().__init__(code, message, hint=hint, exit_code=Exit.NOT_FOUND, status=status)


class ApiError(PlivoRejectError):
    """Plivo did not do what was asked.

    ``in_doubt`` says that a write may have taken effect although its answer was lost;
    ``retry_after`` is the pause in seconds that Plivo asked for.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        exit_code: Exit = Exit.REFUSED,
        retryable: bool = False,
        status: int | None = None,
        in_doubt: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message, hint=hint, exit_code=exit_code, retryable=retryable, status=status)
        self.in_doubt = in_doubt
        self.retry_after = retry_after


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived; handled as Ctrl-C is, with an exit code of its own."""
