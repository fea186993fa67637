"""A migration's options: what an older version recorded still holds, and what contradicts itself is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.checkpoints import as_json
from core.errors import SettingsError
from core.options import MigrationOptions

OPTIONS = MigrationOptions(bucket="b", glue_role_arn="arn:aws:iam::1:role/r", connections=("c",))


def test_options_come_back_as_they_were_recorded() -> None:
    options = replace(OPTIONS, rejects="keep", on_collision="last")
    assert MigrationOptions.from_record(as_json(options.to_record())) == options


def test_a_record_from_before_an_option_existed_has_its_default() -> None:
    record = as_json(OPTIONS.to_record())
    del record["rejects"], record["on_collision"]
    assert MigrationOptions.from_record(record) == OPTIONS


def test_a_later_command_changes_only_what_it_says() -> None:
    changed = OPTIONS.with_changes({"rejects": "keep", "on_collision": None})
    assert changed == replace(OPTIONS, rejects="keep")


def test_choosing_among_rows_that_are_refused_is_refused() -> None:
    with pytest.raises(SettingsError, match="--rejects keep"):
        OPTIONS.with_changes({"on_collision": "first"})
