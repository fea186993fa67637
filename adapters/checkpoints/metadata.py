"""Every table of the checkpoint database, as its models say."""

from adapters.checkpoints import chunk_rows, rows
from adapters.checkpoints.columns import Row

MODELS = (rows.MigrationRow, rows.TableRow, rows.TransitionRow, chunk_rows.ChunkRow, chunk_rows.CircuitRow)
METADATA = Row.metadata
