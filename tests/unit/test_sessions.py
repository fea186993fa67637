"""The load and the validation read through two programs; what a value depends on is set alike in both sessions."""

from __future__ import annotations

import re

import pytest

from adapters.loader import rows
from adapters.servers.mysql import connection


def settings_of(statements: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+) = ('[^']*'|\d+)", statements))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("time_zone", "'+00:00'"),
        ("sql_select_limit", "18446744073709551615"),
        ("max_sort_length", "65536"),
        ("sort_buffer_size", "16777216"),
        ("lc_time_names", "'en_US'"),
        ("default_week_format", "0"),
        ("div_precision_increment", "4"),
    ],
)
def test_no_value_depends_on_what_the_server_is_set_to(variable: str, value: str) -> None:
    loader, server = settings_of(" ".join(rows._SESSION)), settings_of(" ".join(connection._SESSION))
    assert loader[variable] == server[variable] == value


def test_both_sessions_have_one_sql_mode() -> None:
    assert rows._SESSION[0] == connection._SESSION[0]
