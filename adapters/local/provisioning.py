"""What a fresh local runtime is given in the emulator: a bucket, the loader's role, and a user for the servers."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from adapters.local.emulator import REGION

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

BUCKET = "tableferry-local"
ROLE = "tableferry-loader"
USER = "tableferry"
POLICY = "tableferry"

_BUCKET_RESOURCES = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
_OBJECT_ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
_LOADER_ACTIONS = [
    "dynamodb:BatchWriteItem",
    "dynamodb:PutItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "secretsmanager:GetSecretValue",
    "glue:GetConnection",
    "logs:*",
]
_SERVER_ACTIONS = [
    "glue:*",
    "dynamodb:*",
    "s3:*",
    "secretsmanager:*",
    "logs:*",
    "cloudwatch:GetMetricData",
    "sts:GetCallerIdentity",
    "iam:PassRole",
    "iam:GetRole",
    "iam:SimulatePrincipalPolicy",
]


def provision(endpoint: str, known_keys: dict[str, str]) -> dict[str, str]:
    """Create what is not there yet; answers the environment variables that say what it is.

    `known_keys` are the variables of an earlier call: the user's secret key can be read only when it is made.
    """
    iam: IAMClient = _client("iam", endpoint)
    s3: S3Client = _client("s3", endpoint)
    s3.create_bucket(Bucket=BUCKET)
    return {"TABLEFERRY_BUCKET": BUCKET, "TABLEFERRY_GLUE_ROLE_ARN": _role(iam), **_user_keys(iam, known_keys)}


def _role(iam: IAMClient) -> str:
    trust = _policy({"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        # Twelve hours, so that the credentials of a long run last.
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust, MaxSessionDuration=43_200)
    rights = _policy(_allow(_LOADER_ACTIONS, ["*"]), _allow(_OBJECT_ACTIONS, _BUCKET_RESOURCES))
    iam.put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=rights)
    return iam.get_role(RoleName=ROLE)["Role"]["Arn"]


def _user_keys(iam: IAMClient, known_keys: dict[str, str]) -> dict[str, str]:
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName=USER)
    iam.put_user_policy(UserName=USER, PolicyName=POLICY, PolicyDocument=_policy(_allow(_SERVER_ACTIONS, ["*"])))
    there = {key["AccessKeyId"] for key in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]}
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    if known_keys.get("AWS_ACCESS_KEY_ID") in there:
        return {name: known_keys[name] for name in names}
    for key in there:
        # Its secret is lost, and a user has two keys at most.
        iam.delete_access_key(UserName=USER, AccessKeyId=key)
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    return dict(zip(names, (made["AccessKeyId"], made["SecretAccessKey"]), strict=True))


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _client(service: str, endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    # A client of its own session ignores the caller's profile; any key is the emulator's root.
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator checks no signatures
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )
