"""The bucket that holds the plan and takes the results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import IO, Any


class Bucket:
    """Objects of one S3 bucket; `s3` is an S3 client."""

    def __init__(self, s3: Any, name: str) -> None:
        self._s3 = s3
        self._name = name

    def read(self, key: str) -> bytes:
        """An object's bytes."""
        return bytes(self._s3.get_object(Bucket=self._name, Key=key)["Body"].read())

    def find(self, key: str) -> bytes | None:
        """An object's bytes, None when there is none; takes the right to list, without which S3 says 403 instead."""
        try:
            return self.read(key)
        except self._s3.exceptions.NoSuchKey:
            return None

    def text(self, key: str) -> str:
        """An object's text."""
        return self.read(key).decode("utf-8")

    def lines(self, key: str) -> Iterator[bytes]:
        """An object's lines as they arrive, without their ends."""
        with closing(self._s3.get_object(Bucket=self._name, Key=key)["Body"]) as body:
            yield from body.iter_lines()

    def exists(self, key: str) -> bool:
        """Whether there is an object of this key; needs no right beyond listing."""
        return next(iter(self.keys(key)), None) == key

    def put(self, key: str, body: bytes | IO[bytes], *, content_type: str) -> None:
        """Write an object, over the one that is there."""
        self._s3.put_object(Bucket=self._name, Key=key, Body=body, ContentType=content_type)

    def copy(self, source: str, target: str) -> None:
        """Write the object `target` as `source` is, without reading it."""
        self._s3.copy_object(Bucket=self._name, Key=target, CopySource={"Bucket": self._name, "Key": source})

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys under a prefix, ascending."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield found["Key"]
