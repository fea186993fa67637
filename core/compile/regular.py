"""The regular expressions of a view, for the server to read before the view is made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.tokenizer_core import TokenType

from core.compile.contract_sql import to_sql


@dataclass(frozen=True)
class PatternCheck:
    """A query that fails if the server cannot read `pattern`."""

    pattern: str
    sql: str


def pattern_checks(view_sql: str) -> list[PatternCheck]:
    """The checks for the patterns that the view has as literals, each once."""
    tokens = MySQL().tokenize(view_sql)
    patterns = [
        b.text for a, b in pairwise(tokens) if (a.token_type, b.token_type) == (TokenType.RLIKE, TokenType.STRING)
    ]
    return [PatternCheck(p, f"SELECT 'a' REGEXP {to_sql(exp.Literal.string(p))}") for p in dict.fromkeys(patterns)]
