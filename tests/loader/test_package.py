"""The files that Glue gets, unpacked and run by themselves on Glue's Python."""

from __future__ import annotations

import ast
import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from adapters.loader_package import build_loader_package
from adapters.local.glue_python import interpreter, is_glues_own
from core.loader_package import LoaderPackage

CONVERT = """
import sys
sys.path.insert(0, sys.argv[1])
from core.items.item import ItemConverter
from core.items.plan import Attribute, Column, ItemPlan, Key, LoadPlan
from core.items.sources import Field, FromColumn, JoinedText, NumberFormatted, Rows
from core.items.rejects import RejectedRow
from core.items.compare import differences
plan = ItemPlan(
    (Column("id", "decimal"), Column("doc", "json"), Column("tags", "set")), (0,), ("id",),
    (
        Attribute("pk", "N", FromColumn(0)), Attribute("doc", "M", FromColumn(1)),
        Attribute("tags", "SS", FromColumn(2)),
        Attribute("id#tags", "S", JoinedText((FromColumn(0), FromColumn(2)), "#", skip_null=False)),
        Attribute("shown", "S", NumberFormatted(FromColumn(0), 1, True, 1)),
    ),
    (Key("pk", "N", "pk"),),
)
converter = ItemConverter(plan)
item = converter.convert(["1.50", '{"a": [1e2, true, null]}', "x,y"])
assert item == {
    "pk": {"N": "1.5"}, "doc": {"M": {"a": {"L": [{"N": "100"}, {"BOOL": True}, {"NULL": True}]}}},
    "tags": {"SS": ["x", "y"]}, "id#tags": {"S": "1.50#x,y"}, "shown": {"S": "1.5"},
}, item
assert differences(item, item) == []
for text in ("[" * 100000, "{", '{"a":1,"a":1}'):
    try:
        converter.convert(["1", text, ""])
    except RejectedRow as reject:
        print(reject.reason, end=" ")
assert not [name for name in sys.modules if name.split(".")[0] in ("pymysql", "boto3", "botocore")]
print(sys.version_info[:2])
"""


@pytest.fixture(scope="module")
def package() -> LoaderPackage:
    return build_loader_package()


@pytest.fixture(scope="session")
def glues_python() -> str:
    """A Python 3.9, which Glue's Python shell runs; our own where there is none, isolated all the same."""
    return str(interpreter())


def members(package: LoaderPackage) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.zip_bytes)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_the_loader_and_the_item_conversion_and_nothing_else(package: LoaderPackage) -> None:
    root = Path(__file__).parents[2]
    expected = [root / "core/__init__.py", root / "adapters/__init__.py"]
    expected += [*(root / "core/items").glob("*.py"), *(root / "adapters/loader").glob("*.py")]
    assert members(package) == {path.relative_to(root).as_posix(): path.read_bytes() for path in expected}
    assert list(members(package)) == sorted(members(package))


def test_the_same_sources_give_the_same_bytes(package: LoaderPackage) -> None:
    assert build_loader_package() == package
    assert package.zip_name == f"tableferry_loader-{package.sha256[:16]}.zip"
    assert package.script_name == f"tableferry_load-{package.sha256[:16]}.py"


def test_every_module_is_python_39_and_the_package_roots_import_nothing(package: LoaderPackage) -> None:
    for name, source in {**members(package), package.script_name: package.script_bytes}.items():
        tree = ast.parse(source, name, feature_version=(3, 9))
        if name in ("core/__init__.py", "adapters/__init__.py"):
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_items_are_converted_from_the_zip_alone_on_glues_python(
    package: LoaderPackage, glues_python: str, tmp_path: Path
) -> None:
    packed = tmp_path / package.zip_name
    packed.write_bytes(package.zip_bytes)
    run = subprocess.run(
        [glues_python, "-I", "-S", "-W", "error", "-c", CONVERT, str(packed)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert run.stderr == ""
    assert run.stdout.startswith("json_too_deep not_json json_duplicate_name (3, ")
    assert ("(3, 9)" in run.stdout) is is_glues_own(Path(glues_python))


def test_the_script_needs_nothing_beside_it_but_the_packages_it_names(
    package: LoaderPackage, glues_python: str, tmp_path: Path
) -> None:
    (tmp_path / package.script_name).write_bytes(package.script_bytes)
    for module, content in {"boto3": "", "pymysql": "raise ImportError('reached pymysql')"}.items():
        (tmp_path / f"{module}.py").write_text(content)
    (tmp_path / "botocore").mkdir()
    for module, content in {
        "__init__": "",
        "config": "Config = dict",
        "exceptions": "ClientError = ConnectionError = HTTPClientError = OSError",
    }.items():
        (tmp_path / "botocore" / f"{module}.py").write_text(content)
    run = subprocess.run(
        [glues_python, "-S", package.script_name], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "ImportError: reached pymysql" in run.stderr
    assert "adapters/loader/rows.py" in run.stderr
