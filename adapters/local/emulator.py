"""The AWS emulator of the local runtime: ministack in an environment of its own.

Guarantees:
- It listens on 127.0.0.1 alone, and gets none of the caller's AWS credentials.
- What it holds is inside its directory and survives a stop; it is saved when it is stopped, not before.
"""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.local.part import Command, Part, health, inherited
from adapters.local.tools import built_once, run_uv, tools_directory

VERSION = "1.5.33"
REGION = "us-east-1"
SERVICES = "dynamodb,dynamodbstreams,s3,iam,sts,secretsmanager,logs,monitoring,kms,tagging"


def install_emulator(tools: Path) -> Path:
    """The Python of an environment that has the emulator, made on first use."""
    return built_once(tools / f"ministack-{VERSION}", _build) / "bin" / "python"


def _build(environment: Path) -> None:
    purpose = f"The AWS emulator ministack {VERSION}"
    run_uv("venv", "--no-project", "--python", sys.executable, str(environment), purpose=purpose)
    python = str(environment / "bin" / "python")
    run_uv("pip", "install", "--python", python, f"ministack=={VERSION}", purpose=purpose)


class Emulator(Part):
    """Every AWS service but Glue, on one port."""

    name = "emulator"
    title = "AWS emulator"
    url_prefix = "http://"
    # It saves everything while it stops: 46 s for a million items.
    stop_seconds = 180.0

    def __init__(self, directory: Path, *, tools: Path | None = None) -> None:
        super().__init__(directory)
        self._tools = tools or tools_directory()

    def prepare(self) -> None:
        install_emulator(self._tools)

    def command(self, port: int) -> Command:
        environment = inherited("PATH", "HOME", "TMPDIR") | {
            "GATEWAY_PORT": str(port),
            # Its own defaults are all interfaces, and a second listener for IoT.
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            # The rest would only be more to attack: Lambda, its own Glue and others run code.
            "SERVICES": SERVICES,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.directory / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.directory / "s3"),
            "AWS_DEFAULT_REGION": REGION,
        }
        return Command([str(install_emulator(self._tools)), "-m", "ministack"], environment)

    def answers_on(self, port: int) -> bool:
        return health(f"http://127.0.0.1:{port}/_ministack/health") is not None
