"""The task `preflight`: reads every row once, converts it as the load does, and says which rows cannot be loaded.

Guarantees:
- It writes nothing but its own result, so it may be done any number of times.
- A run that is killed, or asked to end, goes on after the last chunk that was stored, if it is asked to.
- Memory does not grow with the rows: keys go to disk, and findings are counted with a few rows named.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Callable

from core.items.canonical import key_digest
from core.items.collisions import row_identity
from core.items.item import ItemConverter
from core.items.plan import Cell, Chunk, LoadPlan
from core.items.preflight import COLLISION_MESSAGE, FORMAT, collisions_key, progress_key, result_key
from core.items.rejects import Reason, RejectedRow

from adapters.loader.arguments import Arguments
from adapters.loader.control import Control
from adapters.loader.ends import source_of
from adapters.loader.errors import StopRequestedError
from adapters.loader.findings import Findings
from adapters.loader.key_spill import KeySpill
from adapters.loader.objects import Bucket
from adapters.loader.outages import with_source
from adapters.loader.progress_report import ProgressReport
from adapters.loader.rows import RowReader
from adapters.loader.shared_keys import SharedKeys
from adapters.loader.survey_store import Progress, SurveyStore


def preflight(arguments: Arguments, plan: LoadPlan, bucket: Bucket) -> None:
    """Survey every chunk of the plan; leaves `preflight/<survey>/result.json`, and the shared keys if there are any."""
    began, id_ = time.monotonic(), arguments.survey or arguments.run_token
    store = SurveyStore(bucket, plan, id_, distinct_keys=arguments.distinct_keys)
    found, is_believed = _surveyed(arguments, plan, bucket, store)
    if found["findings"] and not is_believed:
        # Whoever started this run may have mended rows that an earlier one looked at.
        store.forget()
        found, _ = _surveyed(arguments, plan, bucket, store)
    packed = found.pop("packed")
    if packed:
        bucket.put(collisions_key(plan.prefix, id_), packed, content_type="application/octet-stream")
    result = {
        "format": FORMAT,
        "view_hash": plan.view_hash,
        **found,
        "seconds": round(time.monotonic() - began, 3),
        # Linux counts in kilobytes (getrusage(2)); Glue runs on nothing else.
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    body = json.dumps(result, ensure_ascii=False, sort_keys=True).encode("utf-8")
    bucket.put(result_key(plan.prefix, id_), body, content_type="application/json")
    store.forget()


def _surveyed(arguments: Arguments, plan: LoadPlan, bucket: Bucket, store: SurveyStore) -> tuple[dict[str, Any], bool]:
    """What was found, and whether this run, or one of its token, looked at all of it."""
    progress = ProgressReport(bucket, progress_key(plan.prefix, arguments.survey or arguments.run_token))
    with ExitStack() as kept:
        reader = kept.enter_context(closing(RowReader(source_of(arguments), plan)))
        directory = Path(kept.enter_context(tempfile.TemporaryDirectory()))
        spill = None if arguments.distinct_keys else kept.enter_context(closing(KeySpill(directory / "keys")))
        survey = Survey(plan, reader, spill)
        survey.go_on_with(store, arguments.run_token)
        _look_at_all(survey, plan, Control(bucket, plan), progress)
        return survey.result(arguments.on_collision), survey.is_of_one_token


def _look_at_all(survey: Survey, plan: LoadPlan, control: Control, progress: ProgressReport) -> None:
    planned = sum(chunk.rows for chunk in plan.chunks) or None
    try:
        for chunk in plan.chunks[survey.chunks :]:
            control.go_on()
            survey.chunk(chunk)
            survey.keep_when_due()
            progress.say("preflight", survey.rows, planned)
    except StopRequestedError:
        survey.keep()
        raise


class Survey:
    """Looks at the rows of chunks one after the other; without a spill, keys are known to be distinct.

    So many `rows` of so many `chunks` were looked at so far.
    """

    def __init__(
        self, plan: LoadPlan, reader: RowReader, spill: KeySpill | None, wait: Callable[[float], Any] = time.sleep
    ) -> None:
        self._plan = plan
        self._reader = reader
        self._spill = spill
        self._wait = wait
        self._converters = [ItemConverter(item) for item in plan.items]
        self._keys = [[key.name for key in item.keys if key.index is None] for item in plan.items]
        self._findings = Findings()
        self._store: SurveyStore | None = None
        self._token = ""
        self._kept: list[int] = []
        self.is_of_one_token = True
        self.chunks = 0
        self.rows = 0

    def go_on_with(self, store: SurveyStore, token: str) -> None:
        """Take over what an earlier run stored, and store what this one sees.

        Findings of a run of another token are not believed: whoever started this one may have mended those rows.
        """
        self._store, self._token = store, token
        begun = self._mark()
        for part in store.parts():
            if part.progress.findings and part.progress.token != token:
                self._back_to(begun)
                self._findings, self.chunks, self.rows, self.is_of_one_token = Findings(), 0, 0, True
                store.forget()
                break
            if self._spill is not None:
                self._spill.extend(part.keys)
            self._findings = Findings.of(part.progress.findings)
            self.chunks, self.rows = part.progress.chunks, part.progress.rows
            self.is_of_one_token = self.is_of_one_token and part.progress.token == token
        self._kept = self._mark()

    def keep_when_due(self) -> None:
        """Store what was seen since the last time, now and then."""
        if self._store is not None and self._store.is_due(sum(self._mark()) - sum(self._kept)):
            self.keep()

    def keep(self) -> None:
        """Store what was seen since the last time."""
        if self._store is None:
            return
        keys = [] if self._spill is None else self._spill.since(self._kept)
        self._store.keep(Progress(self.chunks, self.rows, self._findings.records(), self._token), keys)
        self._kept = self._mark()

    def chunk(self, chunk: Chunk) -> None:
        """Look at a chunk; a lost source is connected to again and the chunk begun anew, as `with_source` does."""
        mark = self._mark()

        def look() -> tuple[Findings, int]:
            self._back_to(mark)
            findings = Findings()
            return findings, self._look(chunk, findings)

        findings, rows = with_source(look, self._wait)
        self._findings.merge(findings)
        self.rows += rows
        self.chunks += 1

    def result(self, choose: str) -> dict[str, Any]:
        """Everything found as JSON data, and under "packed" the shared keys for the loader; None: none, or too many."""
        shared = SharedKeys(self._plan.items, choose)
        if self._spill is not None:
            shared.take(self._spill.shared())
        findings = self._findings.records()
        if shared.keys:
            findings.append(
                {
                    "reason": Reason.KEY_COLLISION,
                    "attribute": "",
                    "message": COLLISION_MESSAGE,
                    "count": shared.rows,
                    "keys": shared.keys,
                    "groups": [self._named(group) for group in shared.groups],
                }
            )
        findings.sort(key=lambda finding: -int(finding["count"]))
        return {"rows": self.rows, "findings": findings, "packed": shared.packed() if shared.keys else None}

    def _look(self, chunk: Chunk, findings: Findings) -> int:
        converter, keys = self._converters[chunk.item], self._keys[chunk.item]
        entity = self._plan.item_of(chunk).entity_name
        count = 0
        for group in self._reader.read(chunk):
            count += len(group)
            for row in group:
                try:
                    item = converter.convert(row)
                except RejectedRow as reject:
                    findings.add(entity, reject, converter.row_key(row))
                    continue
                if self._spill is not None:
                    self._spill.add(key_digest(item, keys), self._identity(chunk, row))
        return count

    def _mark(self) -> list[int]:
        return [] if self._spill is None else self._spill.mark()

    def _back_to(self, mark: list[int]) -> None:
        if self._spill is not None:
            self._spill.back_to(mark)

    def _identity(self, chunk: Chunk, row: Sequence[Cell]) -> bytes:
        return row_identity(chunk.item, self._converters[chunk.item].row_key(row))

    def _named(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"count": group["count"], "rows": [self._row(identity) for identity in group["rows"]]}

    def _row(self, identity: bytes) -> dict[str, Any]:
        number, *texts = json.loads(identity)
        item = self._plan.items[number]
        entity = {"entity": item.entity_name} if item.entity_name else {}
        return {**entity, "row": dict(zip(item.row_key_names, texts))}
