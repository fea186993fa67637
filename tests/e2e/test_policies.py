"""The IAM policies in deployments/iam are enough: checked by simulation, then used by a whole run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry
from tests.e2e.test_refusals import SMALL

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect]

IAM = Path(__file__).resolve().parent.parent.parent / "deployments" / "iam"


def policy(ferry: Ferry, name: str) -> str:
    """A policy file with its placeholders filled in."""
    text = (IAM / name).read_text().replace("BUCKET", ferry.environment["TABLEFERRY_BUCKET"])
    role = ferry.environment["TABLEFERRY_GLUE_ROLE_ARN"]
    return text.replace("REGION", ferry.environment["AWS_REGION"]).replace("ACCOUNT", role.split(":")[4])


def test_the_shipped_policies_suffice(ferry: Ferry, database: Database) -> None:
    """A user and a role with nothing but these policies: nothing is denied, nothing unverified, and a run succeeds."""
    database.execute("CREATE TABLE small (id INT PRIMARY KEY); INSERT INTO small VALUES (1)")
    iam, name = ferry.client("iam"), ferry.prefix.strip(".").replace("_", "-")
    trust = policy(ferry, "loader-trust.json")
    role = iam.create_role(RoleName="tableferry-loader-" + name, AssumeRolePolicyDocument=trust)["Role"]
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="p", PolicyDocument=policy(ferry, "loader.json"))
    iam.create_user(UserName=name)
    allowed = json.loads(
        policy(ferry, "orchestrator.json").replace("role/tableferry-loader", f"role/{role['RoleName']}")
    )
    for statement in allowed["Statement"]:
        statement.pop("Condition", None)  # the emulator's simulation takes every condition for unfulfilled
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    ferry.environment |= {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "TABLEFERRY_GLUE_ROLE_ARN": role["Arn"],
    }
    contract = ferry.contract(SMALL)
    found = json.loads(ferry.run("check", contract, "--output", "json").stdout)
    verdicts = [p for s in found["servers"] for p in s["permissions"]["permissions"] if p["verdict"] != "allowed"]
    assert verdicts == []
    assert ferry.result("run", contract)["status"] == "succeeded"
