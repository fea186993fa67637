"""The keys of all rows of a table, on disk: finds those that several rows share, in bounded memory.

Each row's key digest goes to one of 128 files by its first bits, together with the row's identity. Rows with one key
are in one file, so each file is looked at by itself; one with too many different keys is cut again by further bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core.items.canonical import DIGEST_BYTES

FILES = 128
MAX_DISTINCT = 200_000  # keys counted in memory at a time: about 30 MB

_HEADER = DIGEST_BYTES + 4

Record = tuple[bytes, bytes]


class KeySpill:
    """Takes (digest, row) pairs; then `shared` gives those whose digest came more than once.

    `mark` and `back_to` undo what was added in between, for a chunk that is read again; `since` and `extend` carry it
    over to another spill.
    """

    def __init__(self, directory: Path, depth: int = 0) -> None:
        self._directory = directory
        self._depth = depth
        directory.mkdir(exist_ok=True)
        self._paths = [directory / f"{number:03d}" for number in range(FILES)]
        self._files: list[IO[bytes]] = [path.open("w+b") for path in self._paths]

    def add(self, digest: bytes, row: bytes) -> None:
        """Keep one row's key."""
        self._files[digest[self._depth] >> 1].write(digest + len(row).to_bytes(4, "big") + row)

    def mark(self) -> list[int]:
        """Where the files stand now."""
        return [file.tell() for file in self._files]

    def back_to(self, mark: list[int]) -> None:
        """Forget all that was added since the mark."""
        for file, position in zip(self._files, mark):
            file.seek(position)
            file.truncate()

    def since(self, mark: list[int]) -> list[bytes]:
        """What was added to each file since the mark."""
        added = []
        for file, position in zip(self._files, mark):
            file.seek(position)
            added.append(file.read())
        return added

    def extend(self, added: list[bytes]) -> None:
        """Add what `since` of an earlier spill gave."""
        for file, content in zip(self._files, added):
            file.write(content)

    def close(self) -> None:
        """Write what is buffered; nothing can be added any more."""
        for file in self._files:
            file.close()

    def shared(self) -> Iterator[Iterator[Record]]:
        """The rows whose digests came more than once, file by file: all rows of a digest are in one file.

        Each of the inner iterators must be used up before the next is asked for.
        """
        self.close()
        for path in self._paths:
            counts = self._counts(path)
            if counts is None:
                yield from self._cut_again(path).shared()
            elif several := {digest for digest, count in counts.items() if count > 1}:
                yield (record for record in _records(path) if record[0] in several)
            path.unlink()

    def _counts(self, path: Path) -> dict[bytes, int] | None:
        """How often each digest of a file came; None for a file with too many different ones."""
        counts: dict[bytes, int] = {}
        for digest, _ in _records(path):
            counts[digest] = counts.get(digest, 0) + 1
            if len(counts) > MAX_DISTINCT and self._depth + 1 < DIGEST_BYTES:
                return None
        return counts

    def _cut_again(self, path: Path) -> KeySpill:
        finer = KeySpill(self._directory / f"{path.name}-cut", self._depth + 1)
        for digest, row in _records(path):
            finer.add(digest, row)
        return finer


def _records(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        while header := file.read(_HEADER):
            yield header[:DIGEST_BYTES], file.read(int.from_bytes(header[DIGEST_BYTES:], "big"))
