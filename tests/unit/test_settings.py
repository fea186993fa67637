"""Settings: where they come from, in which order, what is refused, and that no secret of theirs is ever shown."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from core.errors import ErrorCode, SettingsError
from core.options import MigrationOptions
from flows.settings import load_settings

SECRET = "hunter2%40"
URL = f"mysql://ferry:{SECRET}@db.example:3306/shop"


@pytest.fixture(autouse=True)
def only_this_tests_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.upper().startswith("TABLEFERRY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", URL)
    monkeypatch.setenv("TABLEFERRY_BUCKET", "bucket")
    monkeypatch.setenv("TABLEFERRY_GLUE_ROLE_ARN", "arn:aws:iam::1:role/r")


def refusal() -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value


def test_options_win_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tableferry.toml").write_text('table_prefix = "file-"\nwriters = 7\nparallel_tables = 9\n')
    monkeypatch.setenv("TABLEFERRY_TABLE_PREFIX", "env-")
    monkeypatch.setenv("TABLEFERRY_WRITERS", "8")
    found = load_settings(table_prefix="option-", writers=None)
    assert (found.table_prefix, found.writers, found.parallel_tables) == ("option-", 8, 9)


def test_the_file_may_have_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text("writers = 3\n")
    Path("tableferry.toml").write_text("writers = 7\n")
    monkeypatch.setenv("TABLEFERRY_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().writers == 3


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_named_file_that_is_not_there_is_never_passed_over(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TABLEFERRY_CONFIG", name)
    assert "which is no file" in str(refusal())


def test_all_wrong_values_are_listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEFERRY_WRITERS", "0")
    monkeypatch.setenv("TABLEFERRY_STREAM", "SOME")
    monkeypatch.setenv("TABLEFERRY_JOB_MAX_CAPACITY", "2")
    monkeypatch.setenv("TABLEFERRY_TABLE_PREFIX", "a b")
    error = refusal()
    assert error.code is ErrorCode.SETTINGS
    for name in ("WRITERS", "STREAM", "JOB_MAX_CAPACITY", "TABLE_PREFIX"):
        assert f"TABLEFERRY_{name}: " in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bukcet = 1\n", "TABLEFERRY_BUKCET: Extra inputs are not permitted"),
        ("[section]\nbucket = 'b'\n", "TABLEFERRY_SECTION: Extra inputs are not permitted"),
        ("bucket = \n", "The settings file cannot be read"),
        ("writers = 'many'\n", "TABLEFERRY_WRITERS: "),
    ],
)
def test_a_wrong_file_is_refused(text: str, message: str) -> None:
    Path("tableferry.toml").write_text(text)
    assert message in str(refusal())


def test_a_file_that_is_no_text_is_refused() -> None:
    Path("tableferry.toml").write_bytes(b"\xff\xfe")
    assert "The settings file cannot be read" in str(refusal())


def test_what_a_migration_needs_is_asked_for_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings().migration_options()
    for name in ("TABLEFERRY_BUCKET", "TABLEFERRY_GLUE_ROLE_ARN", "TABLEFERRY_MYSQL_URL"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://u:{SECRET}@h/d",
        f"mysql://u:{SECRET}@h",
        f"mysql://u:{SECRET}@h/",
        f"mysql://u:{SECRET}@h:port/d",
        f"mysql://u:{SECRET}@h:99999/d",
        f"mysql://u:{SECRET}@[h/d",
        f"mysql:///{SECRET}",
        SECRET,
        "",
    ],
)
def test_a_wrong_url_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", url)
    error = refusal()
    assert "TABLEFERRY_MYSQL_URL" in str(error)
    assert "hunter2" not in str(error) + repr(error.to_wire()) + "".join(traceback.format_exception(error))


def test_a_secret_in_the_file_is_not_shown_when_the_file_is_wrong() -> None:
    Path("tableferry.toml").write_text(
        f'mysql_url = ["{SECRET}"]\nstate_url = {{ a = "{SECRET}" }}\nwriters = "{SECRET}"\n'
    )
    error = refusal()
    assert str(error).count("TABLEFERRY_") >= 3
    assert "hunter2" not in str(error) + repr(error.to_wire()) + "".join(traceback.format_exception(error))


@pytest.mark.usefixtures("needed")
def test_secrets_are_in_the_servers_environment_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEFERRY_STATE_URL", f"postgresql://u:{SECRET}@h/state")
    settings = load_settings()
    assert settings.source_environment() == {"TABLEFERRY_MYSQL_URL": URL}
    assert settings.store_url.endswith("@h/state")
    shown = [repr(settings), str(settings), settings.model_dump_json(), repr(settings.migration_options())]
    assert not any("hunter2" in text for text in shown)


@pytest.mark.usefixtures("needed")
def test_options_outlive_the_process_that_made_them() -> None:
    options = load_settings(table_prefix="dev-", into_nonempty=True).migration_options()
    assert (options.target.table_prefix, options.into_nonempty, options.secret_arn) == ("dev-", True, None)
    assert MigrationOptions.from_record(options.to_record()) == options


@pytest.mark.usefixtures("needed")
def test_overwriting_alone_is_refused() -> None:
    with pytest.raises(SettingsError, match="Add --into-nonempty"):
        load_settings(overwrite=True).migration_options()
    assert load_settings(overwrite=True, into_nonempty=True).migration_options().overwrite


@pytest.mark.usefixtures("needed")
def test_no_stream_is_written_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEFERRY_STREAM", "NONE")
    monkeypatch.setenv("TABLEFERRY_GLUE_CONNECTION", "vpc")
    options = load_settings().migration_options()
    assert (options.target.stream, options.connections) == (None, ("vpc",))


def test_the_store_is_in_the_home_unless_it_is_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEFERRY_HOME", str(tmp_path / "home"))
    assert load_settings().store_url == f"sqlite:///{tmp_path}/home/state.db"
