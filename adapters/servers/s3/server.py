"""The S3 server's tools."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server import MCPServer
from pydantic import Field

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.aws_identity import caller, service_status
from adapters.servers.command_line import Transport, run
from adapters.servers.iam_simulation import Wanted, caller_permissions
from adapters.servers.s3.objects import (
    DeleteAnswer,
    DeletedObjects,
    Encoding,
    GetAnswer,
    ObjectList,
    PutAnswer,
    body_of,
    delete_object,
    delete_objects,
    get_object,
    list_objects,
    put_object,
)
from adapters.servers.shapes import PermissionReport, ServiceStatus
from adapters.servers.tool_server import CREATE, READ, REPLACE, ToolServer

Bucket = Annotated[str, Field(min_length=3, max_length=63, pattern=r"^[a-z0-9][a-z0-9.-]+$")]
Key = Annotated[str, Field(min_length=1, max_length=1024)]
MAX_BODY_BYTES = 44 * 1024 * 1024  # as base64 it fits into a request of 64 MiB
MAX_GET_BYTES = 64 * 1024 * 1024


def build_server() -> MCPServer[Any]:
    """The server; it starts without credentials, and a call without them fails with a typed error."""
    server = ToolServer("s3", instructions="Reads and writes a migration's objects in S3.", log_level="WARNING")
    clients = AwsClients()
    _add_checks(server, clients)
    _add_reads(server, clients)
    _add_writes(server, clients)
    return server


def main(transport: Transport = "stdio", host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until the client leaves."""
    run(build_server(), transport, host, port)


def _add_checks(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=READ)
    def s3_test_service(bucket: Bucket) -> ServiceStatus:
        """Whether S3 answers, as whom, and whether the bucket can be reached."""

        def probe() -> dict[str, Any]:
            with aws_call(f"bucket {bucket}"):
                clients.s3.head_bucket(Bucket=bucket)
            return {"bucket": bucket}

        return service_status(clients, "s3", lambda: clients.s3, probe)

    @server.tool(annotations=READ)
    def s3_validate_permissions(bucket: Bucket, prefix: Annotated[str, Field(max_length=900)] = "") -> PermissionReport:
        """Whether the caller may read, write and delete under the prefix, and list the bucket."""
        identity = caller(clients)
        whole = f"arn:{identity.partition}:s3:::{bucket}"
        wanted = [Wanted(f"s3:{verb}Object", f"{whole}/{prefix}*") for verb in ("Get", "Put", "Delete")]
        wanted.append(Wanted("s3:ListBucket", whole, (("s3:prefix", prefix),)))
        return PermissionReport.of("s3", caller_permissions(clients, identity, wanted))


def _add_reads(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=READ)
    def s3_get_object(
        bucket: Bucket,
        key: Key,
        encoding: Encoding = "text",
        max_bytes: Annotated[int, Field(ge=1, le=MAX_GET_BYTES)] = 1024 * 1024,
        start: Annotated[int, Field(ge=0, description="the first byte wanted, counted from 0")] = 0,
    ) -> GetAnswer:
        """Some of the object's bytes, its first unless told otherwise, as UTF-8 text or as base64."""
        return get_object(clients, bucket, key, encoding, max_bytes, start)

    @server.tool(annotations=READ)
    def s3_list_objects(
        bucket: Bucket,
        prefix: Annotated[str, Field(max_length=1024)] = "",
        start_after: Annotated[str, Field(max_length=1024, description="list the keys beyond this one")] = "",
        max_keys: Annotated[int, Field(ge=1, le=1000)] = 1000,
    ) -> ObjectList:
        """Objects under a prefix, in key order."""
        return list_objects(clients, bucket, prefix, start_after, max_keys)


def _add_writes(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=CREATE)
    def s3_put_object(
        bucket: Bucket,
        key: Key,
        text: Annotated[str | None, Field(max_length=MAX_BODY_BYTES, description="the body, or give base64")] = None,
        base64: Annotated[str | None, Field(max_length=MAX_BODY_BYTES * 4 // 3 + 4)] = None,
        content_type: Annotated[str, Field(max_length=255)] = "application/octet-stream",
    ) -> PutAnswer:
        """Write an object, replacing one of the same key, and check that it arrived whole."""
        return put_object(clients, bucket, key, body_of(text, base64), content_type)

    @server.tool(annotations=REPLACE)
    def s3_delete_object(bucket: Bucket, key: Key) -> DeleteAnswer:
        """Delete an object; one that is not there is no error."""
        return delete_object(clients, bucket, key)

    @server.tool(annotations=REPLACE)
    def s3_delete_objects(
        bucket: Bucket, keys: Annotated[list[Key], Field(min_length=1, max_length=1000)]
    ) -> DeletedObjects:
        """Delete up to 1,000 objects in one request; those that are not there are no error."""
        return delete_objects(clients, bucket, keys)
