"""The time zones of a view, for the server to find before the view is made."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.tokenizer_core import Token, TokenType

from core.compile.contract_sql import to_sql


@dataclass(frozen=True)
class ZoneCheck:
    """A query that answers 1 if the server cannot convert between the two zones; it would give NULL for every row."""

    zones: tuple[str, str]
    sql: str


def zone_checks(view_sql: str) -> list[ZoneCheck]:
    """The checks for the pairs of zones that the view converts between, each once."""
    tokens = MySQL().tokenize(view_sql)
    calls = [n for n, token in enumerate(tokens) if token.text.upper() == "CONVERT_TZ" and _is_call(tokens, n)]
    pairs = dict.fromkeys(_zones(tokens, n) for n in calls)
    return [ZoneCheck(pair, f"SELECT {_converted(*pair)} IS NULL") for pair in pairs]


def _is_call(tokens: list[Token], at: int) -> bool:
    quoted = tokens[at].token_type in {TokenType.STRING, TokenType.IDENTIFIER}
    return not quoted and tokens[at + 1].token_type is TokenType.L_PAREN


def _zones(tokens: list[Token], call: int) -> tuple[str, str]:
    """The last two arguments, which are texts: core.compile.allowed sees to that."""
    depth, at = 1, call + 2
    while depth:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[at].token_type, 0)
        at += 1
    return tokens[at - 4].text, tokens[at - 2].text


def _converted(before: str, after: str) -> str:
    zones = [exp.Literal.string(text) for text in ("2000-01-01 00:00:00", before, after)]
    return to_sql(exp.Anonymous(this="CONVERT_TZ", expressions=zones))
