"""Implements core's ports: MCP clients and servers, the checkpoint store, the loader, the local runtime."""
