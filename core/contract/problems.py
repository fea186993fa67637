"""A problem of a contract, with its place, and the error that carries all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from core.errors import ErrorCode, InputError

MAX_LINES = 100  # CONTRACT.md "Errors": at most 100 lines


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place, and what would be right (empty if nothing can be suggested)."""

    place: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f". {self.remedy}" if self.remedy else "")


class ContractError(InputError):
    """The contract cannot be run as it stands; `problems` are all that were found, in the contract's order."""

    code = ErrorCode.CONTRACT

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(_lines(self.problems)), problems=[asdict(p) for p in self.problems])


def nearest(name: str, known: Iterable[str]) -> str:
    """A remedy that names the known name nearest to `name`, or all of them if none is near and they are few."""
    names = sorted(set(known))
    found = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if not found:
        by_lower = {n.lower(): n for n in names}
        found = [by_lower[n] for n in difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)]
    if found:
        return f"Did you mean {shown(found[0])}?"
    return f"Known here: {', '.join(plain(n) for n in names)}." if 0 < len(names) <= 12 else ""


def shown(value: object, limit: int = 80) -> str:
    """`value` as it may stand in a message: quoted, control characters escaped, cut at `limit` characters."""
    try:
        text = ascii(value) if not isinstance(value, str) else repr(value)
    except RecursionError:
        return "(something nested deeply)"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def plain(name: str, limit: int = 255) -> str:
    """`name` as it may stand in a place: control characters escaped, cut at `limit` characters."""
    text = name if name.isprintable() else repr(name)[1:-1]
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _lines(problems: Sequence[Problem]) -> list[str]:
    if len(problems) <= MAX_LINES - 2:
        return [str(p) for p in problems]
    kept = [str(p) for p in problems[: MAX_LINES - 2]]
    return [*kept, f"... and {len(problems) - len(kept)} problems more"]
