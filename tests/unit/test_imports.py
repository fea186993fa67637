"""What must be quick does not import what is slow: Prefect, MCP, the AWS client."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SLOW = ("prefect", "mcp", "boto3", "pymysql", "sqlmodel", "sqlglot")
PROGRAM = """
import sys
from flows.cli import main
sys.argv = ["tableferry", *{arguments!r}]
try:
    main()
finally:
    loaded = [name for name in {slow!r} if name in sys.modules]
    print("LOADED", *loaded, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["run", "broken.json"], 2), (["run", "gone.json"], 2)]
)
def test_help_and_contract_errors_import_nothing_slow(tmp_path: Path, arguments: list[str], code: int) -> None:
    (tmp_path / "broken.json").write_text('{"tables": [{"table": "T"}]}')
    program = PROGRAM.format(arguments=arguments, slow=SLOW)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert done.stderr.splitlines()[-1] == "LOADED"


def test_the_packages_are_of_this_checkout() -> None:
    import adapters
    import core
    import flows

    root = Path(__file__).resolve().parent.parent.parent
    assert {Path(str(p.__file__)).parent.parent for p in (adapters, core, flows)} == {root}
