"""Implements core's ports: MCP sessions and clients, the bundled MCP servers, the checkpoint store, the loader, the local runtime."""
