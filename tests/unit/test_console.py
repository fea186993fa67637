"""Nothing that a contract or a row holds may command the terminal that it is shown on."""

from __future__ import annotations

import json

import pytest

from core.errors import ConflictError
from flows.console import print_error, print_json, print_report, printable

ODD = "a\x1b]0;owned\x07\u009b31m\u202e\u2066\x7f\U000e0041\r\t\0é😀"


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    assert printable(f"{ODD}\nb") == ("a\\x1b]0;owned\\x07\\x9b31m\\u202e\\u2066\\x7f\\U000e0041\\r\\t\\x00é😀\nb")


def test_json_is_the_same_json_without_such_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({ODD: [ODD, 1.5, None]})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {ODD: [ODD, 1.5, None]}
    assert all(line.isprintable() for line in shown.split("\n"))
    assert "é😀" in shown


@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_is_shown_without_them(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    print_error(ConflictError(f"There is {ODD}\nand more", remedy=ODD, what=ODD), as_json=as_json)
    out, err = capsys.readouterr()
    assert all(line.isprintable() for line in (out + err).split("\n"))
    assert "\nand more" in err


def test_a_report_is_shown_without_them(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(f"# Migration\n\n| {ODD} |\n")
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.split("\n"))
    assert shown.startswith("# Migration\n\n| a\\x1b]0;")
