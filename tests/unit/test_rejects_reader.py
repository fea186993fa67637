"""Rejects files are read whole, page by page, wherever a page ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from core import rejects_reader
from core.errors import StateError
from core.rejects_reader import rejected_lines
from tests.fake_services import FakeObjects

LINES = [{"row": {"id": str(n)}, "reason": "not_text", "message": "ü\u2028" * n} for n in range(20)]


def read(objects: FakeObjects) -> list[dict[str, Any]]:
    async def collect() -> list[dict[str, Any]]:
        return [line.document async for line in rejected_lines(objects, "p/T/", "T")]

    return asyncio.run(collect())


@pytest.mark.parametrize("page", [1, 7, 64, 100_000])
def test_every_line_of_every_chunk_is_read(monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(rejects_reader, "PAGE_BYTES", page)
    objects = FakeObjects()
    for chunk, part in ((0, LINES[:9]), (1, []), (2, LINES[9:])):
        body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in part)
        objects.objects[f"p/T/rejects/chunk-{chunk:08d}.jsonl"] = body.encode()
    objects.objects["p/T/results/chunk-00000000.json"] = b"{}"
    assert read(objects) == [{"table": "T", **line} for line in LINES]


def test_a_damaged_file_is_named() -> None:
    objects = FakeObjects(objects={"p/T/rejects/chunk-00000003.jsonl": b'{"row"\n'})
    with pytest.raises(StateError, match=r"chunk-00000003\.jsonl.*retry-rejects --table T"):
        read(objects)
