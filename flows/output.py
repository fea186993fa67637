"""The choice between text for people and JSON for programs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """`json` prints one JSON document on standard output and nothing else there."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="text, or one JSON document on standard output")]
