"""The MySQL server: reads the schema, samples and chunk bounds, and makes views; also for MariaDB."""

from adapters.servers.mysql.server import build_server, main

__all__ = ["build_server", "main"]
