"""The errors that the Glue endpoint answers with, under Glue's own names."""

from __future__ import annotations


class GlueError(Exception):
    """A refused call; `kind` is the exception name that AWS clients see."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def invalid_input(message: str) -> GlueError:
    """Something in the request is wrong."""
    return GlueError("InvalidInputException", message)


def not_found(message: str) -> GlueError:
    """What the request names does not exist."""
    return GlueError("EntityNotFoundException", message)


def already_exists(message: str) -> GlueError:
    """What the request wants to create exists."""
    return GlueError("AlreadyExistsException", message)
