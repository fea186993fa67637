"""The boto3 clients of the AWS servers: region, endpoints and credentials by AWS's own settings, bounded waiting.

A request takes at most 4 attempts, 5 s to connect and 60 s to read each. https://docs.aws.amazon.com/sdkref/latest/guide/
"""

from __future__ import annotations

import os
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_glue.client import GlueClient
    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sts.client import STSClient

_ServiceName = Literal["cloudwatch", "dynamodb", "glue", "iam", "logs", "s3", "secretsmanager", "sts"]


class AwsClients:
    """One client a service, made at its first use so that a server starts fast and without credentials."""

    def __init__(self) -> None:
        # Making clients is not thread safe, and the tools run in threads.
        self._making = threading.RLock()

    @cached_property
    def _session(self) -> Any:
        import boto3.session

        # boto3 itself reads AWS_DEFAULT_REGION only; every other AWS tool reads AWS_REGION first.
        return boto3.session.Session(region_name=os.environ.get("AWS_REGION") or None)

    def _client(self, service: _ServiceName, **s3: str) -> Any:
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "total_max_attempts": 4},
            connect_timeout=5,
            read_timeout=60,
            user_agent_extra="tableferry",
            s3=s3 or None,  # type: ignore[arg-type]  # the stubs have a TypedDict
        )
        with self._making:
            return self._session.client(service, config=config)

    @cached_property
    def cloudwatch(self) -> Any:
        """CloudWatch metrics."""
        return self._client("cloudwatch")

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @cached_property
    def glue(self) -> GlueClient:
        """Glue."""
        client: GlueClient = self._client("glue")
        return client

    @cached_property
    def iam(self) -> IAMClient:
        """IAM, for simulating permissions."""
        client: IAMClient = self._client("iam")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @cached_property
    def s3(self) -> S3Client:
        """S3; by path where an endpoint is set, because such hosts seldom resolve `bucket.host`."""
        client: S3Client = self._client("s3")
        if ".amazonaws.com" not in client.meta.endpoint_url:
            client = self._client("s3", addressing_style="path")
        return client

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        """Secrets Manager."""
        client: SecretsManagerClient = self._client("secretsmanager")
        return client

    @cached_property
    def sts(self) -> STSClient:
        """STS, for knowing who we are."""
        client: STSClient = self._client("sts")
        return client
