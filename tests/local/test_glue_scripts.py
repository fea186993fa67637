"""What a script gets from the local Glue endpoint: arguments, environment, modules."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from pathlib import Path

import boto3
import pytest

from adapters.local.glue import Glue
from adapters.local.runtime import RuntimeState
from core.errors import UnavailableError
from tests.local.conftest import PLANTED, Workbench


def test_arguments_arrive_as_name_and_value_in_the_order_of_precedence(bench: Workbench) -> None:
    run = bench.result(
        "import json, sys; print(json.dumps(sys.argv[1:]))",
        arguments={"--b": "run", "--c": "run", "--empty": "", "--odd": "a b'\"$(id) ü"},
        DefaultArguments={"--a": "default", "--b": "default"},
        NonOverridableArguments={"--c": "fixed"},
    )
    assert run["JobRunState"] == "SUCCEEDED"
    words = json.loads(bench.printed(run["Id"])[0])
    got = dict(zip(words[::2], words[1::2], strict=True))
    assert got == {"--a": "default", "--b": "run", "--c": "fixed", "--empty": "", "--odd": "a b'\"$(id) ü"}


def test_a_script_gets_no_setting_and_no_secret_of_ours(own_bench: Workbench, own_glue: Glue) -> None:
    bench = own_bench
    assert os.environ.keys() >= PLANTED
    run = bench.result("import json, os; print(json.dumps(dict(os.environ)))")
    environment = json.loads(bench.printed(run["Id"])[0])
    allowed = {"PATH", "HOME", "TMPDIR", "PYTHONPATH", "PYTHONUNBUFFERED", "PWD", "SHLVL", "_", "OLDPWD", "LC_CTYPE"}
    assert {name for name in environment if not name.startswith("AWS_")} <= allowed
    assert environment["AWS_ENDPOINT_URL"] == bench.runtime.env["AWS_ENDPOINT_URL"]
    assert environment["AWS_ENDPOINT_URL_GLUE"] == own_glue.url
    assert environment["AWS_SECRET_ACCESS_KEY"] != bench.runtime.env["AWS_SECRET_ACCESS_KEY"]
    assert environment["HOME"] != str(Path.home())


def test_a_script_has_boto3_and_acts_as_its_role(bench: Workbench) -> None:
    run = bench.result(
        """
        import boto3
        print(boto3.client('sts').get_caller_identity()['Arn'])
        print(boto3.client('s3').list_buckets()['Buckets'][0]['Name'])
        """
    )
    assert run["JobRunState"] == "SUCCEEDED", run
    identity, bucket = bench.printed(run["Id"])
    assert "assumed-role/tableferry-loader/" in identity
    assert bucket == bench.runtime.env["TABLEFERRY_BUCKET"]


def test_the_interpreter_of_jobs_can_be_chosen(
    aws_env: RuntimeState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLEFERRY_LOCAL_GLUE_PYTHON", sys.executable)
    with Glue(tmp_path / "chosen", aws_env.env["AWS_ENDPOINT_URL"]) as part:
        bench = Workbench(boto3.client("glue", endpoint_url=part.url), aws_env)
        run = bench.result("import boto3, sys; print(sys.executable)")
        assert bench.printed(run["Id"]) == [sys.executable], run
    monkeypatch.setenv("TABLEFERRY_LOCAL_GLUE_PYTHON", "/not/there/python")
    wrong = Glue(tmp_path / "wrong", aws_env.env["AWS_ENDPOINT_URL"])
    with pytest.raises(UnavailableError, match="TABLEFERRY_LOCAL_GLUE_PYTHON is /not/there/python"):
        wrong.start()
    assert wrong.daemon is None


def test_a_wheel_among_extra_py_files_is_installed(bench: Workbench) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("wheeled.py", "WORD = 'from the wheel'")
        file.writestr("wheeled-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: wheeled\nVersion: 1\n")
        file.writestr("wheeled-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("wheeled-1.dist-info/RECORD", "wheeled.py,,\n")
    uri = bench.upload(wheel.getvalue(), "extra/wheeled-1-py3-none-any.whl")
    run = bench.result("import wheeled; print(wheeled.WORD)", DefaultArguments={"--extra-py-files": uri})
    assert bench.printed(run["Id"]) == ["from the wheel"], run


def test_extra_py_files_can_be_imported(bench: Workbench) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("packed/__init__.py", "WORD = 'from the archive'")
    files = [
        bench.upload(archive.getvalue(), "extra/packed.zip"),
        bench.upload("WORD = 'from the module'", "extra/single.py"),
    ]
    run = bench.result(
        "import packed, single; print(packed.WORD, single.WORD)",
        DefaultArguments={"--extra-py-files": ", ".join(files)},
    )
    assert bench.printed(run["Id"]) == ["from the archive from the module"], run


def test_additional_python_modules_are_installed(bench: Workbench) -> None:
    run = bench.result(
        "import toolz; print(toolz.__version__)",
        DefaultArguments={"--additional-python-modules": "toolz==0.12.0"},
    )
    assert bench.printed(run["Id"]) == ["0.12.0"], run


def test_a_module_that_does_not_exist_fails_the_run_with_its_name(bench: Workbench) -> None:
    run = bench.result("print()", DefaultArguments={"--additional-python-modules": "toolz==999"})
    assert run["JobRunState"] == "FAILED"
    assert "toolz==999" in run["ErrorMessage"]
