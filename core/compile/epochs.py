"""The moments of a view that are written as seconds since 1970, for the server to compute before the view is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.tokenizer_core import Token, TokenType

from core.compile.contract_sql import to_sql

_NAMES: Final = {"FROM_UNIXTIME", "UNIX_TIMESTAMP"}
_LITERALS: Final = {TokenType.NUMBER, TokenType.STRING}
_QUOTED: Final = {TokenType.STRING, TokenType.IDENTIFIER}
_ENDS: Final = {TokenType.COMMA, TokenType.R_PAREN}


@dataclass(frozen=True)
class EpochCheck:
    """A query that answers 1 if `call` is NULL on the server, as it is beyond 2038-01-19 03:14:07 on MariaDB 10.11."""

    call: str
    sql: str


def epoch_checks(view_sql: str) -> list[EpochCheck]:
    """The checks for the calls whose argument is a literal, each once."""
    tokens = MySQL().tokenize(view_sql)
    calls = [_call(tokens[n], tokens[n + 2]) for n in range(len(tokens) - 3) if _is_constant(tokens[n : n + 4])]
    return [EpochCheck(call, f"SELECT {call} IS NULL") for call in dict.fromkeys(calls)]


def _is_constant(tokens: list[Token]) -> bool:
    name, bracket, argument, end = tokens
    is_call = name.text.upper() in _NAMES and name.token_type not in _QUOTED
    is_call = is_call and bracket.token_type is TokenType.L_PAREN
    return is_call and argument.token_type in _LITERALS and end.token_type in _ENDS


def _call(name: Token, argument: Token) -> str:
    literal = exp.Literal(this=argument.text, is_string=argument.token_type is TokenType.STRING)
    return to_sql(exp.Anonymous(this=name.text.upper(), expressions=[literal]))
