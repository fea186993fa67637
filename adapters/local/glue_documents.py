"""One kind of the Glue endpoint's entities, by name, kept in one private file."""

from __future__ import annotations

import json
from pathlib import Path

from adapters.local.glue_requests import Json
from adapters.local.processes import write_private


class Documents:
    """JSON objects by name; every change is on disk, whole, before the call returns. The caller serialises calls."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._documents: dict[str, Json] = json.loads(file.read_text()) if file.exists() else {}

    def get(self, name: str) -> Json | None:
        return self._documents.get(name)

    def sorted(self) -> list[Json]:
        """All of them, by name."""
        return [document for _, document in sorted(self._documents.items())]

    def put(self, name: str, document: Json) -> None:
        self._save({**self._documents, name: document})

    def remove(self, name: str) -> None:
        """Forget it; no error when it is not there."""
        self._save({key: document for key, document in self._documents.items() if key != name})

    def _save(self, documents: dict[str, Json]) -> None:
        write_private(self._file, json.dumps(documents))
        self._documents = documents
