"""Settings: from options, environment (`TABLEFERRY_...`), or a TOML file, in this order; read once, at the start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from core.errors import SettingsError
from core.options import MigrationOptions
from core.outages import OutagePolicy
from core.target_table import TargetOptions

SETTINGS_FILE = "tableferry.toml"


class Settings(BaseSettings):
    """Everything a user can set; AWS's own settings go by AWS's own names and are not repeated here."""

    model_config = SettingsConfigDict(env_prefix="TABLEFERRY_", extra="forbid", hide_input_in_errors=True, frozen=True)

    home: Path = Field(default=Path("~/.tableferry"), description="where state, logs, reports and tools are kept")
    mysql_url: SecretStr | None = Field(default=None, description="mysql://user:password@host:port/database")
    mysql_secret_arn: str | None = Field(default=None, description="a Secrets Manager secret in the form RDS uses")
    state_url: SecretStr | None = Field(
        default=None, description="checkpoint store: sqlite:///file or postgresql://...; default: state.db in the home"
    )
    bucket: str | None = Field(default=None, description="S3 bucket for the loader, plans, results, rejects, reports")
    key_prefix: str = Field(default="tableferry/", description="S3 key prefix in the bucket")
    glue_role_arn: str | None = Field(default=None, description="the role that the load job runs under")
    glue_connection: str | None = Field(default=None, description="a Glue connection of the job, for its network")
    table_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9_.\-]*$", description="goes before every target table")
    mcp_servers: Path | None = Field(default=None, description="an mcpServers file that puts other servers in a role")

    parallel_tables: Annotated[int, Field(ge=1, le=64, description="tables moved at the same time")] = 4
    rows_per_chunk: Annotated[int, Field(ge=1, le=1_000_000, description="rows of one key range")] = 10_000
    writers: Annotated[int, Field(ge=1, le=64, description="threads of a load job that write")] = 4
    sample_items: Annotated[int, Field(ge=0, le=10_000, description="items compared by value at validation")] = 100
    poll_seconds: Annotated[float, Field(gt=0, le=300, description="pause between looks at a job run")] = 2.0
    lease_seconds: Annotated[
        float, Field(ge=1, le=3_600, description="a table is free so long after its driver's last sign of life")
    ] = 30.0
    outage_seconds: Annotated[float, Field(ge=1, description="a server that is away is waited for so long")] = 900
    outage_failures: Annotated[int, Field(ge=1, le=100, description="failed calls in a row that mean so")] = 5
    job_timeout_minutes: Annotated[int, Field(ge=1, le=10_080, description="a job run's limit")] = 2_880
    job_max_retries: Annotated[int, Field(ge=0, le=10, description="Glue's own retries of a run")] = 0
    job_max_capacity: Annotated[float, Field(description="DPU of the job: 0.0625 (1 GB) or 1.0 (16 GB)")] = 1.0
    into_nonempty: bool = Field(default=False, description="load into tables that hold items already")
    overwrite: bool = Field(default=False, description="with into_nonempty: over items that have a row's key")
    rejects: Literal["refuse", "keep"] = "refuse"
    on_collision: Literal["none", "first", "last"] = "none"
    validation: Literal["auto", "counts", "sample", "full"] = "auto"
    full_validation_rows: Annotated[int, Field(ge=0, description="auto validates a table fully up to so many rows")] = (
        1_000_000
    )

    stream: Literal["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY", "NONE"] = "NEW_AND_OLD_IMAGES"
    point_in_time_recovery: bool = True
    encryption: Literal["AWS_OWNED", "KMS"] = "AWS_OWNED"
    kms_key_id: str | None = None
    deletion_protection: bool = True

    @field_validator("job_max_capacity")
    @classmethod
    def _offered_by_glue(cls, value: float) -> float:
        if value not in (0.0625, 1.0):  # Glue API, CreateJob: MaxCapacity of a Python shell job
            raise ValueError("a Python shell job has 0.0625 or 1.0 DPU")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options, then the environment, then the file named by TABLEFERRY_CONFIG or ./tableferry.toml."""
        path = Path(os.environ.get("TABLEFERRY_CONFIG", SETTINGS_FILE))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=path)

    @property
    def directory(self) -> Path:
        """The home, as an absolute path."""
        return self.home.expanduser().absolute()

    @property
    def store_url(self) -> str:
        """The checkpoint store's URL; it may hold a password."""
        return self.state_url.get_secret_value() if self.state_url else f"sqlite:///{self.directory / 'state.db'}"

    def source_environment(self) -> dict[str, str]:
        """What the mysql server is told about its database; holds the password."""
        found: dict[str, str] = {}
        if self.mysql_url is not None:
            found["TABLEFERRY_MYSQL_URL"] = self.mysql_url.get_secret_value()
        if self.mysql_secret_arn is not None:
            found["TABLEFERRY_MYSQL_SECRET_ARN"] = self.mysql_secret_arn
        return found

    def outage_policy(self) -> OutagePolicy:
        """When a server counts as away, and how long calls wait for it."""
        return OutagePolicy(failures=self.outage_failures, patience_seconds=self.outage_seconds)

    def migration_options(self) -> MigrationOptions:
        """What is bound to a migration. Raises SettingsError with everything that is missing."""
        bucket, role = self.bucket, self.glue_role_arn
        missing = _missing(self)
        if missing or bucket is None or role is None:
            raise SettingsError(
                "Settings are missing:\n  " + "\n  ".join(missing) + "\n",
                remedy="Set them in the environment or in tableferry.toml; `tableferry local up` prints a set to try.",
                missing=missing,
            )
        return MigrationOptions(
            bucket=bucket,
            glue_role_arn=role,
            key_prefix=self.key_prefix.rstrip("/") + "/" if self.key_prefix else "",
            # Beside a URL the secret may hold a user and a password only, which is not enough for the loader.
            secret_arn=None if self.mysql_url else self.mysql_secret_arn,
            connections=(self.glue_connection,) if self.glue_connection else (),
            rows_per_chunk=self.rows_per_chunk,
            writers=self.writers,
            job_timeout_minutes=self.job_timeout_minutes,
            job_max_retries=self.job_max_retries,
            job_max_capacity=self.job_max_capacity,
            poll_seconds=self.poll_seconds,
            sample_items=self.sample_items,
            parallel_tables=self.parallel_tables,
            into_nonempty=self.into_nonempty,
            overwrite=self.overwrite,
            rejects=self.rejects,
            on_collision=self.on_collision,
            validation=self.validation,
            full_validation_rows=self.full_validation_rows,
            target=TargetOptions(
                table_prefix=self.table_prefix,
                stream=None if self.stream == "NONE" else self.stream,
                point_in_time_recovery=self.point_in_time_recovery,
                encryption=self.encryption,
                kms_key_id=self.kms_key_id,
                deletion_protection=self.deletion_protection,
            ),
        )


def load_settings(**options: Any) -> Settings:
    """Read the settings; `options` that are None do not count. Raises SettingsError without showing any value."""
    named = os.environ.get("TABLEFERRY_CONFIG")
    if named is not None and not Path(named).is_file():
        raise SettingsError(f"TABLEFERRY_CONFIG names {named}, which is no file.", remedy="Correct it, or unset it.")
    try:
        settings = Settings(**{k: v for k, v in options.items() if v is not None})
    except ValidationError as error:
        lines = [f"{_variable(e['loc'])}: {e['msg']}" for e in error.errors(include_input=False, include_url=False)]
        raise SettingsError("Settings are wrong:\n  " + "\n  ".join(lines)) from None
    except (OSError, ValueError) as error:  # a file that is not TOML, or not readable
        raise SettingsError(f"The settings file cannot be read: {error}") from None
    _require_usable_url(settings)
    return settings


def _missing(settings: Settings) -> list[str]:
    wanted = {
        "TABLEFERRY_BUCKET": settings.bucket,
        "TABLEFERRY_GLUE_ROLE_ARN": settings.glue_role_arn,
        "TABLEFERRY_MYSQL_URL (or TABLEFERRY_MYSQL_SECRET_ARN)": settings.mysql_url or settings.mysql_secret_arn,
    }
    described = {
        "TABLEFERRY_BUCKET": Settings.model_fields["bucket"].description,
        "TABLEFERRY_GLUE_ROLE_ARN": Settings.model_fields["glue_role_arn"].description,
    }
    return [f"{name}: {described.get(name, 'the source database')}" for name, value in wanted.items() if not value]


def _require_usable_url(settings: Settings) -> None:
    if settings.mysql_url is None:
        return
    form = "It has the form mysql://user:password@host:port/database, with %40 for an @ in the password."
    try:
        url = urlsplit(settings.mysql_url.get_secret_value())
        usable = url.scheme in {"mysql", "mariadb", "mysql+pymysql"} and bool(url.hostname)
        usable = usable and (url.port is None or url.port > 0)
    except ValueError:  # says what it found, which may be part of the password
        usable = False
    if not usable:
        raise SettingsError("TABLEFERRY_MYSQL_URL is no MySQL URL.", remedy=form)
    if not unquote(url.path).strip("/") and settings.mysql_secret_arn is None:
        raise SettingsError("TABLEFERRY_MYSQL_URL names no database.", remedy=form)


def _variable(place: tuple[int | str, ...]) -> str:
    return "TABLEFERRY_" + ".".join(str(p) for p in place).upper()
