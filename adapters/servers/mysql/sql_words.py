"""Reads SQL as MySQL's own lexer does, as far as a guard needs: words, names, and where strings end.

The parser (sqlglot) nests comments and takes any `--` for one, MySQL does not; so text in which the two could disagree
about what is code is refused here, before the parser sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from core.errors import InvalidRequestError

_TOKEN = re.compile(
    r"""
    (?P<space>[\s]+)
  | (?P<comment>/\*|\#|--)
  | (?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
  | (?P<name>`(?:[^`]|``)+`)
  | (?P<number>\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
  | (?P<word>[\w$\u0080-\U0010FFFF]+)
  | (?P<open>['"`])
  | (?P<mark>:=|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Word:
    """A piece of SQL: a `string`, a `name` (in backticks), a `word` (in upper case; `raw` as written) or a `mark`."""

    kind: str
    text: str
    raw: str = field(default="", compare=False)


def words(sql: str) -> list[Word]:
    """The statement's pieces without blanks and final semicolon. Raises InvalidRequestError for comments and NULs."""
    if "\0" in sql:
        raise refused("it contains a NUL character")
    found = [_word(match) for match in _TOKEN.finditer(sql) if match.lastgroup != "space"]
    while found and found[-1] == Word("mark", ";"):
        found.pop()
    if not found:
        raise refused("it is empty")
    if Word("mark", ";") in found:
        raise refused("it is more than one statement")
    return found


def refused(why: str) -> InvalidRequestError:
    """The error for a statement that may not run."""
    return InvalidRequestError(f"The statement is refused: {why}.", remedy="Send one plain statement without effects.")


def _word(match: re.Match[str]) -> Word:
    kind, text = match.lastgroup or "", match.group()
    if kind == "comment":
        raise refused("it contains a comment (between numbers write `1 - -1`, not `1--1`)")
    if kind == "open":
        raise refused(f"a {text} is never closed")
    if kind == "word":
        return Word(kind, text.upper(), raw=text)
    if kind == "number":
        # MySQL ends a number with a point or an exponent where it ends: `1.5INTO` is 1.5 INTO.
        return Word("mark", text)
    if kind == "name":
        return Word(kind, text[1:-1].replace("``", "`"), raw=text[1:-1].replace("``", "`"))
    return Word(kind, text)
