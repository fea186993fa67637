"""The checkpoint store: `open_store(url)` is its door."""

from adapters.checkpoints.store import SqlCheckpointStore, open_store

__all__ = ["SqlCheckpointStore", "open_store"]
