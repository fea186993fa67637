"""`ObjectStore` through the s3 server."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.mcp_hub import McpHub
from adapters.wire import permissions_from_wire, status_from_wire
from core.errors import InternalError
from core.ports import PermissionReport, ServiceStatus

_PAGE = 1_000  # the most that S3's ListObjectsV2 and DeleteObjects take
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class S3Objects:
    """One bucket behind the server in the role `s3`."""

    hub: McpHub
    bucket: str

    async def status(self) -> ServiceStatus:
        return status_from_wire(await self.hub.call("s3", "s3_test_service", {"bucket": self.bucket}))

    async def permissions(self, prefix: str) -> PermissionReport:
        arguments = {"bucket": self.bucket, "prefix": prefix}
        return permissions_from_wire(await self.hub.call("s3", "s3_validate_permissions", arguments))

    async def put(self, key: str, body: bytes, content_type: str) -> None:
        arguments = {
            "bucket": self.bucket,
            "key": key,
            "base64": base64.b64encode(body).decode("ascii"),
            "content_type": content_type,
        }
        await self.hub.call("s3", "s3_put_object", arguments)

    async def get(self, key: str) -> bytes:
        arguments = {"bucket": self.bucket, "key": key, "encoding": "base64", "max_bytes": _MAX_BYTES}
        found = await self.hub.call("s3", "s3_get_object", arguments)
        if found["truncated"]:
            raise InternalError(f"s3://{self.bucket}/{key} is larger than {_MAX_BYTES:,} bytes.", key=key)
        return base64.b64decode(found["base64"])

    async def read(self, key: str, start: int, max_bytes: int) -> bytes:
        arguments = {"bucket": self.bucket, "key": key, "encoding": "base64", "max_bytes": max_bytes, "start": start}
        return base64.b64decode((await self.hub.call("s3", "s3_get_object", arguments))["base64"])

    async def keys(self, prefix: str, after: str = "") -> list[str]:
        found: list[str] = []
        while True:
            arguments = {"bucket": self.bucket, "prefix": prefix, "start_after": after, "max_keys": _PAGE}
            page = await self.hub.call("s3", "s3_list_objects", arguments)
            found += [str(o["key"]) for o in page["objects"]]
            if not page["truncated"]:
                return found
            after = found[-1]

    async def first(self, prefix: str, after: str = "") -> str | None:
        arguments = {"bucket": self.bucket, "prefix": prefix, "start_after": after, "max_keys": 1}
        page = await self.hub.call("s3", "s3_list_objects", arguments)
        return next((str(o["key"]) for o in page["objects"]), None)

    async def delete(self, keys: Sequence[str]) -> None:
        for begin in range(0, len(keys), _PAGE):
            arguments = {"bucket": self.bucket, "keys": list(keys[begin : begin + _PAGE])}
            await self.hub.call("s3", "s3_delete_objects", arguments)
