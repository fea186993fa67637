"""The current moment: NOW() and its like mean the moment at which the migration began, in every row of every read.

The moment is written into the view as a literal. Had each statement a moment of its own, the chunks of one load, a
retry and the validation would each see other values.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlglot import exp

from core.items.plan import Kind

# With parentheses or without; in the session's time zone, which is UTC in all our sessions.
MOMENTS: Final = {
    **dict.fromkeys(("NOW", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "UTC_TIMESTAMP"), Kind.DATETIME),
    **dict.fromkeys(("CURDATE", "CURRENT_DATE", "UTC_DATE"), Kind.DATE),
    **dict.fromkeys(("CURTIME", "CURRENT_TIME", "UTC_TIME"), Kind.TIME),
}
_SECONDS: Final = "UNIX_TIMESTAMP"


def frozen(tree: exp.Expr, moment: datetime | None) -> exp.Expr:
    """The tree with `moment` in the place of the current one; without a moment, the tree as it is."""
    if moment is None:
        return tree
    utc = moment.astimezone(UTC)

    def replace(node: exp.Expr) -> exp.Expr:
        return _literal(node, utc) if isinstance(node, exp.Anonymous) else node

    return tree.transform(replace)


def _literal(call: exp.Anonymous, moment: datetime) -> exp.Expr:
    name = call.name.upper()
    if name == _SECONDS and not call.expressions:
        return exp.Literal.number(int(moment.timestamp()))
    if name not in MOMENTS:
        return call
    digits = int(call.expressions[0].name) if call.expressions else 0
    kind, text = MOMENTS[name], _text(moment, MOMENTS[name])
    if digits:
        text += f".{moment.microsecond:06d}"[: digits + 1]
    type_ = kind.upper() + (f"({digits})" if digits else "")
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(type_, dialect="mysql"))


def _text(moment: datetime, kind: str) -> str:
    return moment.strftime({Kind.DATETIME: "%Y-%m-%d %H:%M:%S", Kind.DATE: "%Y-%m-%d", Kind.TIME: "%H:%M:%S"}[kind])
