"""The benchmark of views still runs, and still compares equal items; its figures at this size mean nothing."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from rich.console import Console

from adapters.servers.mysql.address import Address
from tests.benchmarks.views import compare, report

ROWS = 300


@pytest.mark.server
def test_the_view_and_every_hand_written_query_make_the_same_items(server_url: str) -> None:
    server = urlsplit(server_url)
    found = compare(
        Address(server.hostname or "", server.port or 3306, server.username or "root", server.password or "", ""),
        ROWS,
        repeat=1,
    )
    assert found.equal
    assert (found.rows, found.tenth_rows, len(found.forms) > 2) == (ROWS, ROWS, True)
    assert found.problems(limit=1_000) == []
    assert found.problems(limit=found.ratio * 0.99) != []
    assert replace(found, equal=False).problems(limit=1_000) == [
        f"{found.server}: the view and the hand-written queries do not make the same items"
    ]
    console = Console(record=True, width=160)
    console.print(report([found]))
    assert found.server in console.export_text()
