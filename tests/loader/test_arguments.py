from __future__ import annotations

import pytest

from adapters.loader.arguments import Arguments, parse
from adapters.loader.errors import ArgumentsError

NEEDED = ["--plan", "s3://bucket/a/b.json", "--run-token", "t", "--secret-arn", "arn:x"]


def test_glues_own_arguments_are_ignored() -> None:
    glue = ["--job-language", "python", "--enable-metrics", "--TempDir", "s3://x/y", "--extra-py-files", "s3://x/z.zip"]
    assert parse(["script.py", *glue, *NEEDED]) == Arguments("bucket", "a/b.json", "t", secret_arn="arn:x")


def test_an_argument_of_glue_is_never_taken_for_the_beginning_of_ours() -> None:
    with pytest.raises(ArgumentsError, match="--plan"):
        parse(["--pla", "s3://bucket/k", *NEEDED[2:]])


def test_everything_can_be_said() -> None:
    given = parse([*NEEDED[:4], "--connection-name", "c", "--writers", "8", "--chunks", "3-5"])
    assert (given.connection_name, given.secret_arn, given.writers) == ("c", None, 8)
    assert [chunk for chunk in range(10) if given.includes(chunk)] == [3, 4, 5]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (NEEDED[2:], "--plan"),
        (NEEDED[:2] + NEEDED[4:], "--run-token"),
        (NEEDED[:4], "--secret-arn"),
        ([*NEEDED, "--connection-name", "c"], "--connection-name"),
        ([*NEEDED, "--writers", "0"], "--writers"),
        ([*NEEDED, "--writers", "65"], "--writers"),
        ([*NEEDED, "--writers", "many"], "--writers"),
        ([*NEEDED, "--chunks", "5"], "--chunks"),
        ([*NEEDED, "--chunks", "5-3"], "--chunks"),
        (["--plan", "bucket/key", *NEEDED[2:]], "--plan"),
        (["--plan", "s3://bucket", *NEEDED[2:]], "--plan"),
    ],
)
def test_what_is_wrong_is_named(arguments: list[str], named: str) -> None:
    with pytest.raises(ArgumentsError, match=named):
        parse(arguments)
