"""The report: its exit code, its JSON, and markdown that no name or value can change the shape of."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.checkpoints import MigrationStatus
from core.lifecycle import TableState
from core.report import (
    JobResult,
    Metrics,
    MigrationResult,
    Mismatch,
    Problem,
    SourceResult,
    TableMetrics,
    TableResult,
    ValidationResult,
    ViewResult,
)
from core.report_preflight import PreflightFinding, PreflightResult, SharedKey, SharingRow

GOLDEN = Path(__file__).parent / "golden" / "report.md"
HOSTILE = [
    "a|b",
    "a\\|b",
    "`whoami`",
    "x``y`",
    "![beacon](http://evil/x.png)",
    "<img src=x onerror=alert(1)>",
    "line\n\n# Heading\n| a | b |\n|---|---|",
    "- item",
    "1. item",
    "> quote",
    "*emphasis* __strong__ ~~gone~~",
    "&lt;b&gt; &amp;",
    "\u202egnp.exe",
    "tail\\",
    "lone \ud800 surrogate \x00 nul",
    " ",
    "",
]


def result(name: str = "orders", **changes: Any) -> MigrationResult:
    fields: dict[str, Any] = {
        "migration_id": "2026-03-01-shop",
        "status": MigrationStatus.PARTIAL,
        "contract_hash": "sha256:6f1e",
        "started_at": datetime(2026, 3, 1, 3, 0, tzinfo=UTC),
        "finished_at": datetime(2026, 3, 1, 4, 2, 5, tzinfo=UTC),
        "seconds": 3725.0,
        "source": SourceResult(engine="MySQL", version="8.4.6", database="shop"),
        "views": [
            ViewResult(table="customers", view="ddb_customers_view", definition_hash="c1", created=True),
            ViewResult(table=name, view=f"ddb_{name}_view", definition_hash="c2", created=False),
        ],
        "tables": [
            TableResult(
                table="customers",
                target_table="Customers",
                state=TableState.VALIDATED,
                table_arn="arn:aws:dynamodb:eu-west-1:123456789012:table/Customers",
                created=True,
            ),
            TableResult(table="reviews", target_table="Reviews", state=TableState.VALIDATED),
            TableResult(table=name, target_table="Orders", state=TableState.FAILED, error=f"differs: {name}"),
        ],
        "preflights": [
            PreflightResult(table="customers", tier="schema"),
            PreflightResult(
                table="reviews",
                tier="run",
                because=["attribute doc: M of json is known only when it is converted", "b", "c", "d"],
                seconds=93.0,
                findings=[
                    PreflightFinding(
                        reason="not_json", attribute=name, entity=name or "x", count=12, rows=[{"id": name}]
                    ),
                    PreflightFinding(
                        reason="key_collision",
                        count=5,
                        keys=2,
                        groups=[
                            SharedKey(count=3, rows=[SharingRow(row={"id": name}), SharingRow(row={"id": "2"})]),
                            SharedKey(count=2, rows=[SharingRow(row={"id": "7"}, entity=name or "x")]),
                        ],
                    ),
                ],
            ),
            PreflightResult(table=name, tier="sql", because=[f"{name}: key_null"], seconds=2.5),
        ],
        "jobs": [
            JobResult(
                table="customers",
                job_name="shop-customers",
                run_id="jr_1",
                run_state="SUCCEEDED",
                attempts=1,
                chunks_done=3,
                chunks_planned=4,
            ),
            JobResult(table=name, job_name="shop-orders", attempts=0),
        ],
        "validation": [
            ValidationResult(
                table="customers", passed=True, rows_in_view=4000, items_written=4000, items_in_target=4000, sampled=100
            ),
            ValidationResult(
                table="reviews",
                passed=True,
                rows_in_view=12,
                items_written=10,
                rejects=2,
                rejects_by_reason={"item over 409,600 bytes": 2},
            ),
            ValidationResult(
                table=name,
                passed=False,
                rows_in_view=30000,
                items_written=30000,
                items_in_target=29999,
                sampled=100,
                rejects_by_reason={f"Because of {name}": 1} if name != "orders" else {},
                mismatches=[
                    Mismatch(key=name, attribute=name, expected={"S": name}, actual={"N": "10.50"}),
                    Mismatch(key="order_id=8", expected={"order_id": {"N": "8"}}),
                ],
                message=f"2 of 100 items differ: {name}",
            ),
        ],
        "metrics": Metrics(
            records=34010,
            rejects=2,
            seconds=61.4,
            items_per_second=553.9,
            error_rate=2 / 34012,
            bytes_written=7_340_032,
            capacity_units=36_120.5,
            per_table=[
                TableMetrics(
                    table="customers",
                    records=4000,
                    seconds=7.25,
                    items_per_second=551.7,
                    bytes_written=991,
                    capacity_units=4000,
                    read_seconds=1.0,
                    convert_seconds=1.0,
                    write_seconds=4.0,
                ),
                TableMetrics(table=name, records=30000, seconds=54.0, retries=3),
            ],
        ),
        "problems": [
            Problem(table=name, state="failed from validating", error=f"They differ: {name}", remedy=f"Look at {name}.")
        ],
        "imitation": True,
        "next_steps": ["Compare the table again: tableferry resume", f"Ask about {name}"],
    }
    return MigrationResult(**{**fields, **changes})


def test_the_report_for_people_is_the_golden_one() -> None:
    assert result().to_markdown() == GOLDEN.read_text(encoding="utf-8")


def test_json_comes_back_as_the_same_result() -> None:
    report = result("a|b\n`x`")
    assert MigrationResult.from_json(report.to_json()) == report
    assert json.loads(report.to_json())["exit_code"] == 1
    assert json.loads(report.to_json())["success"] is False


VALIDATED = TableResult(table="t", target_table="T", state=TableState.VALIDATED)


@pytest.mark.parametrize(
    ("state", "rejects", "exit_code"),
    [(state, rejects, 1) for state in TableState for rejects in (0, 1) if state is not TableState.VALIDATED]
    + [(TableState.VALIDATED, 0, 0), (TableState.VALIDATED, 1, 3)],
)
@pytest.mark.parametrize("counted_by", ["loading", "validation"])
def test_the_exit_code_follows_from_the_tables_and_the_rejects(
    state: TableState, rejects: int, exit_code: int, counted_by: str
) -> None:
    report = result(
        tables=[VALIDATED, TableResult(table="u", target_table="U", state=state)],
        metrics=Metrics(rejects=rejects if counted_by == "loading" else 0),
        validation=[ValidationResult(table="u", passed=True, rejects=rejects if counted_by == "validation" else 0)],
    )
    assert report.exit_code == exit_code
    assert report.success is (exit_code != 1)


def test_a_migration_without_tables_proved_nothing() -> None:
    assert result(tables=[]).exit_code == 1


def test_success_cannot_be_claimed() -> None:
    claimed = MigrationResult.model_validate({**result().model_dump(), "success": True, "exit_code": 0})
    assert (claimed.success, claimed.exit_code) == (False, 1)


PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shape(markdown: str) -> list[str]:
    """The document's structure: every token but the text itself; adjacent text and code are one."""
    tokens: list[str] = []
    for block in PARSER.parse(markdown):
        tokens.append(block.type)
        for inline in block.children or []:
            raw_code = inline.type == "html_inline" and inline.content in ("<code>", "</code>")
            kind = "text" if raw_code or inline.type in ("code_inline", "text", "text_special") else inline.type
            if not (kind == tokens[-1] == "text"):
                tokens.append(kind)
    return tokens


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_changes_the_shape_of_the_markdown(name: str) -> None:
    plain = result("orders", validation=result("plain").validation)
    assert shape(result(name).to_markdown()) == shape(plain.to_markdown())


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.one_of(st.sampled_from("|\\`*_[]()<>!#-+~&:. \n1"), st.characters()), min_size=1))
def test_no_text_at_all_changes_the_shape_of_the_markdown(name: str) -> None:
    plain = result("orders", validation=result("plain").validation)
    assert shape(result(name).to_markdown()) == shape(plain.to_markdown())


def test_a_value_is_shown_as_it_is() -> None:
    html = PARSER.render(result("a|b \\ `c` <d> & e").to_markdown())
    assert "<code>a|b \\ `c` &lt;d&gt; &amp; e</code>" in html
    assert "Look at a|b \\ `c` &lt;d&gt; &amp; e." in html


def test_long_lists_and_long_values_are_cut_with_a_word_about_it() -> None:
    mismatches = [Mismatch(key=f"id={number}", attribute="x", expected={"S": "y" * 5000}) for number in range(25)]
    report = result(validation=[ValidationResult(table="t", passed=False, mismatches=mismatches)])
    text = report.to_markdown()
    assert "5 more are in the JSON report" in text
    assert "`id=19`" in text
    assert "`id=20`" not in text
    assert len(text) < 12_000
    assert "…" in text


def test_a_report_of_a_migration_that_did_nothing_has_no_empty_sections() -> None:
    nothing: dict[str, Any] = {
        part: [] for part in ("views", "preflights", "jobs", "validation", "problems", "next_steps")
    }
    text = result(
        tables=[TableResult(table="t", target_table="T", state=TableState.PENDING)],
        **nothing,
        metrics=Metrics(),
        imitation=False,
    ).to_markdown()
    assert re.findall(r"^## .*$", text, re.MULTILINE) == ["## Tables"]
    assert "imitation" not in text
    assert "… pending" in text
