"""The S3 server: objects of a migration, in a bucket of the user's."""

from adapters.servers.s3.server import build_server, main

__all__ = ["build_server", "main"]
