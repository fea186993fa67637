"""Every error a caller can act on, grouped by what the caller does about it.

A `RetriableError` may pass on its own; a `FatalError` needs a change first; an `InputError` is wrong before anything
started. The wire form (`to_wire`, `from_wire`) is how a bundled MCP server tells its client which of them happened.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


class ErrorCode(StrEnum):
    """The machine-readable reason, the same word on the wire, in checkpoints and in reports."""

    INVALID_REQUEST = "invalid_request"
    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"
    CONFLICT = "conflict"
    PERMISSION_DENIED = "permission_denied"
    AUTHENTICATION_FAILED = "authentication_failed"
    NETWORK = "network"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    THROTTLED = "throttled"
    INTERNAL = "internal"
    CONTRACT = "contract"
    SETTINGS = "settings"
    NOT_READY = "not_ready"
    JOB_FAILED = "job_failed"
    PREFLIGHT_FAILED = "preflight_failed"
    VALIDATION_FAILED = "validation_failed"
    STATE = "state"
    LEASE_HELD = "lease_held"
    LEASE_LOST = "lease_lost"
    STOPPED = "stopped"


class TableferryError(Exception):
    """What happened, where, and what to do; `facts` holds the same as data (JSON values only)."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "", **facts: Any) -> None:
        super().__init__(message if not remedy else f"{message} {remedy}")
        self.message = message
        self.remedy = remedy
        self.facts = facts

    def to_wire(self) -> dict[str, Any]:
        """The error as JSON data: `{code, message, remedy, retryable, facts}`."""
        return {
            "code": self.code.value,
            "message": self.message,
            "remedy": self.remedy,
            "retryable": self.retryable,
            "facts": self.facts,
        }


class InputError(TableferryError):
    """The contract or the settings are wrong; nothing was started (exit code 2)."""


class FatalError(TableferryError):
    """Trying again without a change fails again; only the table it concerns fails."""


class RetriableError(TableferryError):
    """May pass on its own: try again with backoff."""

    retryable = True


class SettingsError(InputError):
    code = ErrorCode.SETTINGS


class NotReadyError(InputError):
    """A server, a permission or a resource that the migration needs is missing."""

    code = ErrorCode.NOT_READY


class InvalidRequestError(FatalError):
    code = ErrorCode.INVALID_REQUEST


class NotFoundError(FatalError):
    code = ErrorCode.NOT_FOUND


class AlreadyExistsError(FatalError):
    code = ErrorCode.ALREADY_EXISTS


class ConflictError(FatalError):
    """Something of this name exists and differs from what is wanted; `facts["differences"]` lists how."""

    code = ErrorCode.CONFLICT


class PermissionDeniedError(FatalError):
    code = ErrorCode.PERMISSION_DENIED


class AuthenticationFailedError(FatalError):
    code = ErrorCode.AUTHENTICATION_FAILED


class InternalError(FatalError):
    code = ErrorCode.INTERNAL


class JobFailedError(FatalError):
    """A job run ended otherwise than SUCCEEDED; `facts["log_tail"]` has its last lines."""

    code = ErrorCode.JOB_FAILED


class PreflightFailedError(FatalError):
    """Rows of a table cannot become items; nothing was written. `facts["preflight"]` has what was found."""

    code = ErrorCode.PREFLIGHT_FAILED


class ValidationFailedError(FatalError):
    """Source and target do not agree; the table is not validated."""

    code = ErrorCode.VALIDATION_FAILED


class StateError(FatalError):
    """The checkpoint store does not hold what the command needs, or holds something newer."""

    code = ErrorCode.STATE


class LeaseHeldError(StateError):
    """Another process drives the table or the migration; `facts` has its host, its pid, and since when."""

    code = ErrorCode.LEASE_HELD


class LeaseLostError(StateError):
    """This process was taken for dead; it must change nothing of the table any more."""

    code = ErrorCode.LEASE_LOST


class StoppedByRequestError(StateError):
    """Somebody asked for a pause or a cancellation (`facts["request"]`): this is no failure of the table."""

    code = ErrorCode.STOPPED


class UnavailableError(RetriableError):
    """The server did not answer, or died; the outcome of the call is unknown."""

    code = ErrorCode.UNAVAILABLE


class NetworkError(UnavailableError):
    """The server could not be reached: no such host, refused, no route, no TLS; nothing was done."""

    code = ErrorCode.NETWORK


class OutageError(UnavailableError):
    """The server was away for longer than anybody waits; `facts` has `server` and `since`."""


class CallTimedOutError(RetriableError):
    """No answer in time; the outcome of the call is unknown."""

    code = ErrorCode.TIMEOUT


class ThrottledError(RetriableError):
    """AWS asked to slow down; nothing was done."""

    code = ErrorCode.THROTTLED


_ON_THE_WIRE: dict[str, type[TableferryError]] = {
    cls.code.value: cls
    for cls in (
        InvalidRequestError,
        NotFoundError,
        AlreadyExistsError,
        ConflictError,
        PermissionDeniedError,
        AuthenticationFailedError,
        InternalError,
        NetworkError,
        UnavailableError,
        CallTimedOutError,
        ThrottledError,
    )
}


def from_wire(wire: dict[str, Any]) -> TableferryError:
    """Rebuild the error that a server sent; an unknown code becomes an `InternalError` that keeps it as a fact."""
    cls = _ON_THE_WIRE.get(str(wire.get("code")), InternalError)
    facts = dict(wire.get("facts") or {})
    if cls is InternalError:
        facts.setdefault("wire_code", wire.get("code"))
    return cls(str(wire.get("message", "")), remedy=str(wire.get("remedy", "")), **facts)
