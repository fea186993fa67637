"""The Glue server: load jobs, their runs and their logs."""

from adapters.servers.glue.server import build_server, main

__all__ = ["build_server", "main"]
