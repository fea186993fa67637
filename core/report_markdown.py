"""Renders a report as markdown.

Every value in the template is escaped unless a filter below made it safe, so a name with a pipe, a newline or an
image in it stays a name.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from core.lifecycle import TableState
from core.preflight.wording import rows_text
from core.source_position import Movement

if TYPE_CHECKING:
    from core.report import MigrationResult, TableMetrics, TableResult, ValidationResult
    from core.report_preflight import PreflightFinding

VALUE_CHARACTERS: Final = 200
MISMATCHES_SHOWN: Final = 20
BAR_CHARACTERS: Final = 24

TIERS: Final = {"schema": "proved by the schema", "sql": "asked in SQL", "run": "every row converted by a run"}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>|~#&$])")
_UNSAFE_IN_CODE = re.compile(r"[|\\`]")
_ASCII_PUNCTUATION = re.compile(r"[ -/:-@\[-`{-~]")
_BLOCK_START = re.compile(r"^(\s*)([-+=>]|\d+(?=[.)](?:\s|$)))")


class Safe(str):
    """Markdown that is not to be escaped again."""

    __slots__ = ()


def visible(value: object) -> str:
    """The text on one line: line ends, control and direction characters as `\\n` or `\\u202e`."""
    return _CONTROL.sub(lambda match: json.dumps(match[0])[1:-1], str(value))


def escape(value: object) -> str:
    """The text as prose that markdown shows as it is."""
    if isinstance(value, Safe):
        return value
    text = _PUNCTUATION.sub(r"\\\1", visible(value))
    return _BLOCK_START.sub(lambda m: f"{m[1]}\\{m[2]}" if not m[2].isdigit() else f"{m[1]}{m[2]}\\", text)


def code(value: object) -> Safe:
    """The text as a code span, also inside a table."""
    text = visible(value)
    text = text if len(text) <= VALUE_CHARACTERS else text[:VALUE_CHARACTERS] + "…"
    if not text.strip() or text != text.strip() or _UNSAFE_IN_CODE.search(text):
        # Dialects disagree on backslashes before pipes in a table's code span; references are plain in all of them.
        return Safe(f"<code>{_ASCII_PUNCTUATION.sub(lambda match: f'&#{ord(match[0])};', text)}</code>")
    return Safe(f"`{text}`")


def value(item: Any) -> Safe:
    """A JSON value as a code span; None is what is absent."""
    if item is None:
        return Safe("*absent*")
    return code(json.dumps(item, ensure_ascii=False, separators=(",", ":"), sort_keys=True))


def count(number: float | None) -> Safe:
    """A whole number with thousands separators, or `?` where it could not be had."""
    return Safe("?" if number is None else f"{number:,.0f}")


def duration(seconds: float | None) -> Safe:
    """Seconds as people say them."""
    if seconds is None:
        return Safe("?")
    if seconds < 60:
        return Safe(f"{seconds:.1f} s")
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return Safe(f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s")


def size(number: float) -> Safe:
    """Bytes in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return Safe(f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}")
        number /= 1000
    return Safe(f"{number:.1f} TB")


def bar(metrics: TableMetrics) -> Safe:
    """Where a table's working time went: █ reading, ▓ converting, ░ writing."""
    parts = (metrics.read_seconds, metrics.convert_seconds, metrics.write_seconds)
    total = sum(parts)
    if total <= 0:
        return Safe("")
    ends = [round(BAR_CHARACTERS * sum(parts[: n + 1]) / total) for n in range(3)]
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return Safe("".join(mark * length for mark, length in zip("█▓░", lengths, strict=True)))


def status_word(table: TableResult, check: ValidationResult | None) -> Safe:
    """One word, or three, that says how a table came out."""
    if table.state is TableState.VALIDATED:
        rejects = check.rejects if check else 0
        return Safe(f"⚠ validated, {rejects:,} reject{'' if rejects == 1 else 's'}" if rejects else "✓ validated")
    if table.state in (TableState.FAILED, TableState.CANCELLED):
        return Safe(f"✗ {table.state.value}")
    return Safe(f"… {table.state.value}")


def moved(movement: Movement, reason: str) -> str:
    """What the source did meanwhile, in words."""
    words = {Movement.UNCHANGED: "unchanged (same position)", Movement.MOVED: "moved"}
    return words.get(movement, f"cannot tell: {reason}")


def compared(check: ValidationResult) -> int:
    """How many items were compared by value."""
    return check.sampled if check.compared is None else check.compared


def wrong(check: ValidationResult) -> int:
    """How many items or values are not as they should be."""
    kinds = (check.missing, check.extra, check.differing, check.colliding, check.taken)
    return len(check.mismatches) if check.missing is None else sum(kind or 0 for kind in kinds)


def examples(finding: PreflightFinding) -> str:
    """Some of the rows that a finding names."""
    return rows_text(finding.model_dump(exclude_defaults=True) | {"count": finding.count, "rows": finding.rows}, 10)


@cache
def _template() -> Template:
    # Markdown needs other escaping than HTML: `finalize` escapes whatever an expression yields.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        finalize=escape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(code=code, value=value, count=count, duration=duration, size=size, bar=bar)
    environment.filters.update(compared=compared, wrong=wrong)
    return environment.get_template("report.md.j2")


def render(result: MigrationResult) -> str:
    """The report as GitHub-flavoured markdown."""
    checks = {check.table: check for check in result.validation}
    times = {metrics.table: metrics.seconds for metrics in result.metrics.per_table}
    rows = [(table, checks.get(table.table), times.get(table.table)) for table in result.tables]
    text = _template().render(
        result=result,
        rows=rows,
        status_word=status_word,
        moved=moved,
        tiers=TIERS,
        examples=examples,
        mismatches_shown=MISMATCHES_SHOWN,
    )
    return re.sub(r"\n{3,}", "\n\n", text)
