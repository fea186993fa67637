"""What is uploaded for a load job: the loader's script and zip, named by their content."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LoaderPackage:
    """`modules` is Glue's `--additional-python-modules`; `sha256` (hex) is of both files, and their names hold it."""

    zip_bytes: bytes
    sha256: str
    zip_name: str
    script_name: str
    script_bytes: bytes
    modules: str
