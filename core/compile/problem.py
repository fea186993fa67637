"""What is wrong with one expression; becomes a `Problem` once its place is known."""

from __future__ import annotations


class ExpressionProblem(Exception):  # noqa: N818 - never leaves this package
    """What is wrong with one expression, and what would be right."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
