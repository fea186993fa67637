"""What the Glue endpoint asks the AWS emulator for: objects, roles, a role's credentials, log streams."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from adapters.local.glue_errors import invalid_input

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

LOGGER = logging.getLogger("tableferry.local.glue")
SERVICE = "glue.amazonaws.com"


@dataclass(frozen=True)
class Cloud:
    """The emulator at `url`. Its clients are made on first use and may be shared by threads."""

    url: str
    region: str
    account: str = "000000000000"

    @functools.cached_property
    def s3(self) -> S3Client:
        client: S3Client = self._client("s3")
        return client

    @functools.cached_property
    def logs(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @functools.cached_property
    def _iam(self) -> IAMClient:
        client: IAMClient = self._client("iam")
        return client

    @functools.cached_property
    def _sts(self) -> STSClient:
        client: STSClient = self._client("sts")
        return client

    def read_object(self, uri: str) -> bytes:
        """The object at `s3://bucket/key`. Raises botocore's ClientError when it is not there."""
        place = urlsplit(uri)
        return self.s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()

    def check_role(self, role: str) -> None:
        """Refuse a role (name or ARN) that is not there or that Glue may not assume."""
        from botocore.exceptions import BotoCoreError, ClientError

        refusal = f"Service is unable to assume provided role {role}. Please verify role's TrustPolicy"
        try:
            policy: Any = self._iam.get_role(RoleName=role.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"]
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchEntity":
                raise
            raise invalid_input(f"{refusal}: there is no such role.") from error
        except BotoCoreError as error:
            LOGGER.warning("IAM does not answer; role %s is taken as it is: %s", role, error)
            return
        if not any(_trusts_glue(statement) for statement in policy.get("Statement", [])):
            raise invalid_input(f"{refusal}: it does not trust {SERVICE}.")

    def credentials_of(self, role: str) -> Mapping[str, str]:
        """Environment variables with which a job acts as its role. Raises ClientError when the role is gone."""
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{self.account}:role/{role}"
        # Twelve hours, the most there is: nothing here renews them while a job runs.
        made = self._sts.assume_role(RoleArn=arn, RoleSessionName="GlueJobRunnerSession", DurationSeconds=43_200)
        return {
            "AWS_ACCESS_KEY_ID": made["Credentials"]["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["Credentials"]["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["Credentials"]["SessionToken"],
        }

    def _client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        # A session of its own: the default one is not safe to share between threads.
        return boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id="tableferry-glue",
            aws_secret_access_key="local",  # noqa: S106 - the emulator checks no signatures
            config=Config(
                connect_timeout=5,
                read_timeout=60,
                proxies={},
                s3={"addressing_style": "path"},
                retries={"max_attempts": 3},
            ),
        )


def _trusts_glue(statement: Mapping[str, Any]) -> bool:
    services = (statement.get("Principal") or {}).get("Service", [])
    actions = statement.get("Action", [])
    return (
        statement.get("Effect") == "Allow"
        and SERVICE in ([services] if isinstance(services, str) else services)
        and "sts:AssumeRole" in ([actions] if isinstance(actions, str) else actions)
    )
