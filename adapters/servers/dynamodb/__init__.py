"""The DynamoDB server: makes, describes, counts, samples and deletes target tables."""

from adapters.servers.dynamodb.server import build_server, main

__all__ = ["build_server", "main"]
