"""The Glue endpoint as a part of the local runtime."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.local.emulator import REGION
from adapters.local.glue_endpoint import HEALTH_PATH, MINUTE_SETTING
from adapters.local.glue_python import INTERPRETER_SETTING
from adapters.local.glue_runner import kill_runs_of
from adapters.local.part import Command, Part, health, inherited

# What an installation of modules may need to reach a package index; the endpoint passes none of it to jobs.
_FOR_UV = [
    "PATH",
    "HOME",
    "TMPDIR",
    "PYENV_ROOT",
    "TABLEFERRY_HOME",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_CACHE_DIR",
    "UV_OFFLINE",
    "UV_PYTHON_INSTALL_DIR",
    "UV_NATIVE_TLS",
    "UV_INSECURE_HOST",
    "UV_CONFIG_FILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
]


class Glue(Part):
    """The imitation of AWS Glue that works with the emulator at `emulator_url`."""

    name = "glue"
    title = "imitation of Glue"
    url_prefix = "http://"
    stop_seconds = 30.0

    def __init__(self, directory: Path, emulator_url: str) -> None:
        super().__init__(directory)
        self._emulator_url = emulator_url

    def prepare(self) -> None:
        """Nothing is installed: it is a program of ours."""

    def command(self, port: int) -> Command:
        program = ["-m", "adapters.local.glue_endpoint", "--port", str(port), "--directory", str(self.directory)]
        environment = inherited(*_FOR_UV, INTERPRETER_SETTING, MINUTE_SETTING) | {
            "AWS_ENDPOINT_URL": self._emulator_url,
            "AWS_REGION": REGION,
            # The package need not be installed: this is the place it was imported from.
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        return Command([sys.executable, *program], environment)

    def answers_on(self, port: int) -> bool:
        expected = {"directory": str(self.directory), "emulator": self._emulator_url}
        return bool(health(f"http://127.0.0.1:{port}{HEALTH_PATH}") == expected)

    def stop(self) -> None:
        super().stop()
        # An endpoint that crashed could not end its runs.
        kill_runs_of(self.directory)
