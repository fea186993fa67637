"""SQL as contracts write it: MySQL's, parsed so that it prints as it was written, and as both engines read it.

The parser rewrites no function; the operators that only MySQL has (`->`, `->>`) become the functions that both have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.errors import ErrorLevel, ParseError, TokenError
from sqlglot.generators.mysql import MySQLGenerator
from sqlglot.parsers.mysql import MySQLParser
from sqlglot.tokenizer_core import Token, TokenType

from core.compile.moments import MOMENTS
from core.compile.problem import ExpressionProblem
from core.contract.problems import shown

_BEFORE: Final = "SELECT "  # REPLACE(...) at the start would be read as the statement of that name
_SORTED: Final = "ORDER BY "
_WRITTEN: Final = "written"
_BARE_MOMENTS: Final = {name for name in MOMENTS if name.startswith("UTC_")}
_NEEDS_UNIT: Final = {"TIMESTAMPDIFF", "TIMESTAMPADD"}
_FORMS: Final = ("CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "SUBSTR", "TRIM")


def _bare(name: str) -> Callable[[], exp.Expr]:
    return lambda: exp.Anonymous(this=name)


def _extracted(parser: Any, document: exp.Expr, path: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="JSON_EXTRACT", expressions=[document, path])


def _extracted_text(parser: Any, document: exp.Expr, path: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="JSON_UNQUOTE", expressions=[_extracted(parser, document, path)])


class ContractSql(MySQL):
    """MySQL's dialect, in which every call keeps its name and its arguments."""

    class Parser(MySQLParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar = {name: MySQLParser.FUNCTION_PARSERS[name] for name in _FORMS}
        NO_PAREN_FUNCTIONS: ClassVar = {token: _bare(token.name) for token in MySQLParser.NO_PAREN_FUNCTIONS}
        LAMBDAS: ClassVar[dict[TokenType, Any]] = {}
        # A cast to TIME without a length would round the literal's fraction away.
        TYPE_LITERAL_PARSERS: ClassVar = {exp.DType.TIME: lambda self, this, type_: _moment(this, "TIME")}
        # MariaDB has no `->`; `::` is another dialect's.
        COLUMN_OPERATORS: ClassVar = {
            TokenType.DOT: MySQLParser.COLUMN_OPERATORS[TokenType.DOT],
            TokenType.ARROW: _extracted,
            TokenType.DARROW: _extracted_text,
        }

        def _parse_interval_span(self, this: exp.Expr, parse_function_unit: bool = True) -> exp.Interval:
            # As MySQL reads it: a text there would give the sum six decimals that a number does not.
            unit = self._parse_var(any_token=True, upper=True)
            return self.expression(exp.Interval(this=this, unit=unit))

    class Generator(MySQLGenerator):
        TRANSFORMS: ClassVar = {
            **MySQLGenerator.TRANSFORMS,
            exp.RegexpLike: lambda self, e: self.binary(e, "REGEXP"),
        }


def to_sql(tree: exp.Expr) -> str:
    """The tree as SQL that both engines read."""
    return tree.sql(ContractSql)


def parsed(text: str) -> exp.Expr:
    """The one expression that the text is. Raises ExpressionProblem when it is none."""
    trees = _trees(exp.Condition, _BEFORE, text, "expression", "Quote names that are reserved words with backticks.")
    if len(trees) != 1 or trees[0] is None:
        raise ExpressionProblem(f"{shown(text)} must be exactly one expression")
    tree: exp.Expr = trees[0].transform(_plain_names)
    return tree


def parsed_order(text: str) -> list[exp.Ordered]:
    """The sort keys that the text lists. Raises ExpressionProblem when it is none."""
    remedy = "Write `column DESC, other ASC`."
    trees = _trees(exp.Order, _SORTED, text, "list of sort keys", remedy)
    if len(trees) != 1 or trees[0] is None or trees[0].this is not None:
        raise ExpressionProblem(f"{shown(text)} is no list of sort keys", remedy)
    return [key.transform(_plain_names) for key in trees[0].expressions]


def remember(node: exp.Expr, written: exp.Expr) -> None:
    """Note what the contract says where the view says `node`."""
    node.meta[_WRITTEN] = to_sql(written)


def shown_sql(tree: exp.Expr, limit: int = 60) -> str:
    """The tree as it may stand in a message: in the contract's own names."""

    return shown(to_sql(written(tree)), limit)


def written(tree: exp.Expr) -> exp.Expr:
    """The tree in the contract's own names."""

    def replace(node: exp.Expr) -> exp.Expr:
        return exp.Var(this=node.meta[_WRITTEN]) if _WRITTEN in node.meta else node

    return tree.copy().transform(replace)


def _trees(into: type[exp.Expr], before: str, text: str, what: str, remedy: str) -> list[Any]:
    whole = before + text
    try:
        tokens = ContractSql().tokenize(whole)
        _refuse_marks(tokens, text, len(before))
        rest = tokens[1:] if before == _BEFORE else tokens
        return ContractSql().parser(error_level=ErrorLevel.IMMEDIATE).parse_into(into, rest, whole)
    except (ParseError, TokenError, ValueError, IndexError) as error:
        near = _near(error, text, len(before))
        raise ExpressionProblem(f"{shown(text)} is no {what} that tableferry understands{near}", remedy) from None
    except RecursionError:
        raise ExpressionProblem("is nested too deeply") from None


def _refuse_marks(tokens: list[Token], text: str, before: int) -> None:
    if any(token.comments for token in tokens):
        raise ExpressionProblem("holds a comment", "Remove it.")
    last = tokens[-1]
    marks = [t for t in tokens if t.token_type is TokenType.SEMICOLON]
    marks += [last] if last.token_type is TokenType.COMMA else []
    for mark in marks[:1]:
        at = mark.start - before + 1
        raise ExpressionProblem(f"{shown(text)} has a {mark.text!r} at character {at}", "Remove it.")


def _near(error: Exception, text: str, before: int) -> str:
    """Where the parser stopped, as far as it tells."""
    found = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    word = found.get("highlight")
    start = len(found.get("start_context") or "") - before + 1
    return f", near {shown(word, 40)} (character {start})" if word and 1 < start <= len(text) else ""


def _plain_names(node: exp.Expr) -> exp.Expr:
    """What MySQL's grammar takes for a word where the parser takes it for a column."""
    if _is_bare(node) and node.name.upper() in _BARE_MOMENTS:
        return exp.Anonymous(this=node.name.upper())
    if isinstance(node, exp.Anonymous) and node.name.upper() in _NEEDS_UNIT and node.expressions:
        unit = node.expressions[0]
        if _is_bare(unit):
            unit.replace(exp.Var(this=unit.name.upper().removeprefix("SQL_TSI_")))
    if isinstance(node, exp.Cast) and node.is_type(exp.DType.TIMESTAMPTZ) and node.this.is_string:
        return _moment(node.this, "DATETIME")
    return node


def _moment(literal: exp.Expr, type_: str) -> exp.Expr:
    """TIMESTAMP '...' or TIME '...' as a cast that keeps the literal's decimals; a call would give it six."""
    decimals = len(literal.name.partition(".")[2])
    type_ = f"{type_}({decimals})" if decimals else type_
    return exp.Cast(this=literal.copy(), to=exp.DataType.build(type_, dialect="mysql"))


def _is_bare(node: exp.Expr) -> bool:
    """Whether it is a name alone, without quotes and table."""
    named = isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier)
    return named and not node.args.get("table") and not node.this.args.get("quoted")
