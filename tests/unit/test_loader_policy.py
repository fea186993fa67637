"""The loader's role may do all that the loader does: the emulator does not ask, and AWS does."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ACTIONS = {
    "batch_write_item": {"dynamodb:BatchWriteItem"},
    "batch_get_item": {"dynamodb:BatchGetItem"},
    "put_item": {"dynamodb:PutItem"},
    "get_item": {"dynamodb:GetItem"},
    "scan": {"dynamodb:Scan"},
    "get_object": {"s3:GetObject"},
    "put_object": {"s3:PutObject"},
    "copy_object": {"s3:GetObject", "s3:PutObject"},
    "get_paginator": {"s3:ListBucket"},
    "delete_item": set(),  # `repair --delete-extra` alone: docs/settings.md says what to add
}


def test_the_loaders_role_may_do_what_the_loader_does() -> None:
    policy = json.loads((ROOT / "deployments/iam/loader.json").read_text())
    allowed: set[str] = set()
    for statement in policy["Statement"]:
        actions = statement["Action"]
        allowed |= {actions} if isinstance(actions, str) else set(actions)
    called: set[str] = set()
    for module in (ROOT / "adapters/loader").glob("*.py"):
        called |= set(re.findall(r"(?:client|s3)\.([a-z_]+)[(,]", module.read_text())) - {"client", "meta"}
    assert called == ACTIONS.keys()
    assert set().union(*ACTIONS.values()) <= allowed
