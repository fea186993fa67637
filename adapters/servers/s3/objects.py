"""Puts, gets, lists and deletes objects of bounded size."""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
from collections.abc import Sequence
from typing import Any, Literal

from botocore.exceptions import ClientError
from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.shapes import time_text
from core.errors import ConflictError, InvalidRequestError

Encoding = Literal["text", "base64"]


class PutAnswer(BaseModel):
    """The object as S3 has it; `sha256` is of the bytes sent, which S3 checked."""

    etag: str
    size_bytes: int
    sha256: str


class GetAnswer(BaseModel):
    """Bytes of the object as text or as base64; `size_bytes` is of all of it, `truncated` when more bytes follow."""

    text: str | None
    base64: str | None
    size_bytes: int
    etag: str
    truncated: bool


class ObjectSummary(BaseModel):
    """An object in a listing."""

    key: str
    size_bytes: int
    etag: str
    last_modified: str | None


class ObjectList(BaseModel):
    """Objects in key order; ask again with the last key as `start_after` while `truncated`."""

    objects: list[ObjectSummary]
    truncated: bool


class DeleteAnswer(BaseModel):
    """S3 does not tell whether there was an object."""

    deleted: bool


def put_object(clients: AwsClients, bucket: str, key: str, body: bytes, content_type: str) -> PutAnswer:
    """Write the object; S3 refuses a body whose SHA-256 is another, and its size is looked at afterwards."""
    digest = hashlib.sha256(body)
    with aws_call(_where(bucket, key)):
        written = clients.s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            ChecksumSHA256=base64.b64encode(digest.digest()).decode("ascii"),
        )
        seen = clients.s3.head_object(Bucket=bucket, Key=key)
    if seen["ContentLength"] != len(body) or seen["ETag"] != written["ETag"]:
        raise ConflictError(
            f"{_where(bucket, key)} is not what was just written: {seen['ContentLength']} bytes, not {len(body)}.",
            remedy="Something else writes this key; stop it, then try again.",
            differences=[{"property": "size_bytes", "expected": len(body), "actual": seen["ContentLength"]}],
        )
    return PutAnswer(etag=_etag(written["ETag"]), size_bytes=len(body), sha256=digest.hexdigest())


def body_of(text: str | None, encoded: str | None) -> bytes:
    """The bytes that exactly one of the two stands for."""
    if (text is None) == (encoded is None):
        raise InvalidRequestError("An object's body is either text or base64.", remedy="Give exactly one of them.")
    if text is not None:
        try:
            return text.encode()
        except UnicodeEncodeError:
            raise InvalidRequestError("The text is not valid Unicode.", remedy="Send it as base64.") from None
    try:
        return base64.b64decode(encoded or "", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError("The body is not base64.", remedy="Encode the bytes as base64.") from None


def get_object(
    clients: AwsClients, bucket: str, key: str, encoding: Encoding, max_bytes: int, start: int = 0
) -> GetAnswer:
    """Read at most `max_bytes` from `start` on; text that is cut off ends with a whole character."""
    with aws_call(_where(bucket, key)):
        body, size, etag = _read(clients, bucket, key, start, max_bytes)
    truncated = size > start + len(body)
    return GetAnswer(
        text=_text(body, truncated, _where(bucket, key)) if encoding == "text" else None,
        base64=base64.b64encode(body).decode("ascii") if encoding == "base64" else None,
        size_bytes=size,
        etag=_etag(etag),
        truncated=truncated,
    )


def _read(clients: AwsClients, bucket: str, key: str, start: int, max_bytes: int) -> tuple[bytes, int, str]:
    """Some bytes, the whole object's size, its ETag."""
    wanted: Any = {}
    if start:
        seen = clients.s3.head_object(Bucket=bucket, Key=key)
        if start >= seen["ContentLength"]:  # S3 refuses such a range
            return b"", seen["ContentLength"], seen["ETag"]
        wanted = {"Range": f"bytes={start}-"}
    answer = clients.s3.get_object(Bucket=bucket, Key=key, **wanted)
    with answer["Body"] as stream:
        return stream.read(max_bytes), start + answer["ContentLength"], answer["ETag"]


def list_objects(clients: AwsClients, bucket: str, prefix: str, start_after: str, max_keys: int) -> ObjectList:
    """One page of the objects under a prefix."""
    with aws_call(f"bucket {bucket}"):
        answer = clients.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=start_after, MaxKeys=max_keys)
    found = [
        ObjectSummary(
            key=item["Key"],
            size_bytes=item["Size"],
            etag=_etag(item["ETag"]),
            last_modified=time_text(item.get("LastModified")),
        )
        for item in answer.get("Contents", [])
    ]
    return ObjectList(objects=found, truncated=answer["IsTruncated"])


def delete_object(clients: AwsClients, bucket: str, key: str) -> DeleteAnswer:
    """Delete the object; one that is not there is no error."""
    with aws_call(_where(bucket, key)):
        clients.s3.delete_object(Bucket=bucket, Key=key)
    return DeleteAnswer(deleted=True)


class DeletedObjects(BaseModel):
    """How many keys there are no objects of any more."""

    deleted: int


def delete_objects(clients: AwsClients, bucket: str, keys: Sequence[str]) -> DeletedObjects:
    """Delete at most 1,000 objects; those that are not there are no error. Raises the first failure of one."""
    with aws_call(f"bucket {bucket}"):
        wanted: Any = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        answer = clients.s3.delete_objects(Bucket=bucket, Delete=wanted)
        for failure in answer.get("Errors", []):
            raise ClientError({"Error": {"Code": failure["Code"], "Message": failure["Message"]}}, "DeleteObjects")
    return DeletedObjects(deleted=len(keys))


def _text(body: bytes, truncated: bool, where: str) -> str:
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(body, final=not truncated)
    except UnicodeDecodeError:
        raise InvalidRequestError(f"{where} is not UTF-8 text.", remedy="Ask for it as base64.") from None


def _etag(quoted: str) -> str:
    return quoted.strip('"')


def _where(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"
