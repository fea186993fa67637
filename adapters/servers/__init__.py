"""The four bundled MCP servers; each runs on its own and meets its clients only over the wire."""
