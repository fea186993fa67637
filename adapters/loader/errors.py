"""Why a load stops. Messages name rows by their key, and never hold a password or any other value of a row."""

from __future__ import annotations


class LoadError(Exception):
    """The load job cannot go on; the message says what happened, where and what to do."""


class ArgumentsError(LoadError):
    """The job's arguments or its plan are wrong."""


class StopRequestedError(LoadError):
    """Somebody asked this run to end (`request`: pause or cancel); what it finished stays."""

    def __init__(self, request: str) -> None:
        super().__init__(f"this run was asked to end: {request}")
        self.request = request


class CredentialsError(LoadError):
    """The secret or the Glue connection does not say how to reach the source."""


class SourceLostError(LoadError):
    """The connection to the source broke; the chunk can be read again from its start."""


class SourceAwayError(SourceLostError):
    """The source cannot be reached at all."""


class SourceTextError(LoadError):
    """The source sent text that is no UTF-8."""


class SourceCutError(LoadError):
    """A value of the view is longer than the server sends, which cut it off or left it out."""


class ItemRefusedError(LoadError):
    """DynamoDB refused an item as invalid."""


class NoProgressError(LoadError):
    """DynamoDB acknowledged nothing for too long."""


class CountsDifferError(LoadError):
    """Items written and rejects do not add up to the rows read."""
