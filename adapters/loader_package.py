"""The loader as what Glue takes: a zip of modules, a script that starts it, and the packages pip must add.

Guarantees:
- The same sources give the same bytes; the names carry their hash, so an upload never replaces another version.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from pathlib import Path

from core.loader_package import LoaderPackage

# PyMySQL alone is missing in Glue's Python 3.9; boto3 is there. Pinned: the reader leans on this version's cursor.
MODULES = "pymysql==1.2.4"

_ROOT = Path(__file__).resolve().parent.parent
_PARTS = ("core/__init__.py", "core/items/*.py", "adapters/__init__.py", "adapters/loader/*.py")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
# AWS documents wheels alone for --extra-py-files of Python shell jobs ("You can't package any Python libraries as .egg
# files in Python 3.9+. Instead, use .whl", https://docs.aws.amazon.com/glue/latest/dg/add-job-python.html), so the
# script carries the zip as well and needs nothing beside it.
_SCRIPT = """import base64
import sys
import tempfile

PACKED = (
{packed}
)

with tempfile.NamedTemporaryFile(suffix=".zip") as packed:
    packed.write(base64.b64decode("".join(PACKED)))
    packed.flush()
    sys.path.insert(0, packed.name)

    from adapters.loader.job import main

    main(sys.argv[1:])
"""


def build_loader_package() -> LoaderPackage:
    """Pack the loader and the item conversion from this installation."""
    zip_bytes = _zip()
    script_bytes = _script(zip_bytes)
    sha256 = hashlib.sha256(zip_bytes + script_bytes).hexdigest()
    return LoaderPackage(
        zip_bytes=zip_bytes,
        sha256=sha256,
        zip_name=f"tableferry_loader-{sha256[:16]}.zip",
        script_name=f"tableferry_load-{sha256[:16]}.py",
        script_bytes=script_bytes,
        modules=MODULES,
    )


def _script(zip_bytes: bytes) -> bytes:
    text = base64.b64encode(zip_bytes).decode("ascii")
    lines = (f'    "{text[at : at + 100]}"' for at in range(0, len(text), 100))
    return _SCRIPT.format(packed="\n".join(lines)).encode("ascii")


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(found for part in _PARTS for found in _ROOT.glob(part)):
            entry = zipfile.ZipInfo(path.relative_to(_ROOT).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # or Windows would write another byte
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return packed.getvalue()
