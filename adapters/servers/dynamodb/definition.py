"""What a target table is: the definition as a caller gives it, read back from AWS, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from adapters.servers.shapes import Difference

TableName = Annotated[str, Field(min_length=3, max_length=255, pattern=r"^[A-Za-z0-9_.-]+$")]
AttributeName = Annotated[str, Field(min_length=1, max_length=255)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AttributeDefinition(_Strict):
    """A key attribute and its DynamoDB type."""

    name: AttributeName
    type: Literal["S", "N", "B"]


class IndexDefinition(_Strict):
    """A global secondary index."""

    name: TableName
    partition_key: AttributeName
    sort_key: AttributeName | None = None
    projection: Literal["ALL", "KEYS_ONLY", "INCLUDE"] = "ALL"
    projected_attributes: list[AttributeName] = Field(default_factory=list, max_length=100)


class TableDefinition(_Strict):
    """A target table; billing is always on-demand."""

    table_name: TableName
    attributes: list[AttributeDefinition] = Field(min_length=1, max_length=64)
    partition_key: AttributeName
    sort_key: AttributeName | None = None
    indexes: list[IndexDefinition] = Field(default_factory=list, max_length=20)
    stream: Literal["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"] | None = None
    point_in_time_recovery: bool = True
    encryption: Literal["AWS_OWNED", "KMS"] = "AWS_OWNED"
    kms_key_id: str | None = None
    deletion_protection: bool = False
    tags: dict[str, str] = Field(default_factory=dict, max_length=50)


def create_request(wanted: TableDefinition) -> dict[str, Any]:
    """CreateTable's request for the definition."""
    request: dict[str, Any] = {
        "TableName": wanted.table_name,
        "AttributeDefinitions": [{"AttributeName": a.name, "AttributeType": a.type} for a in wanted.attributes],
        "KeySchema": _key_schema(wanted.partition_key, wanted.sort_key),
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": wanted.deletion_protection,
    }
    if wanted.indexes:
        request["GlobalSecondaryIndexes"] = [_index_request(index) for index in wanted.indexes]
    if wanted.stream:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": wanted.stream}
    if wanted.encryption == "KMS":
        key = {"KMSMasterKeyId": wanted.kms_key_id} if wanted.kms_key_id else {}
        request["SSESpecification"] = {"Enabled": True, "SSEType": "KMS", **key}
    if wanted.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
    return request


def definition_of(table: Mapping[str, Any], *, recovery: bool, tags: Mapping[str, str]) -> TableDefinition:
    """The definition that a table described by AWS has."""
    sse = table.get("SSEDescription") or {}
    keyed = sse.get("Status") in ("ENABLED", "UPDATING", "ENABLING")
    stream = table.get("StreamSpecification") or {}
    partition_key, sort_key = _keys(table["KeySchema"])
    return TableDefinition.model_construct(
        table_name=table["TableName"],
        attributes=[
            AttributeDefinition.model_construct(name=a["AttributeName"], type=a["AttributeType"])
            for a in table["AttributeDefinitions"]
        ],
        partition_key=partition_key,
        sort_key=sort_key,
        indexes=[_index_of(index) for index in table.get("GlobalSecondaryIndexes") or []],
        stream=stream.get("StreamViewType") if stream.get("StreamEnabled") else None,
        point_in_time_recovery=recovery,
        encryption="KMS" if keyed else "AWS_OWNED",
        kms_key_id=sse.get("KMSMasterKeyArn") if keyed else None,
        deletion_protection=bool(table.get("DeletionProtectionEnabled")),
        tags=dict(tags),
    )


def differences_between(wanted: TableDefinition, actual: TableDefinition, billing_mode: str) -> list[Difference]:
    """Everything that differs, in a stable order; tags are no difference, and lists count as sets."""
    pairs: dict[str, tuple[Any, Any]] = {
        "partition_key": (wanted.partition_key, actual.partition_key),
        "sort_key": (wanted.sort_key, actual.sort_key),
        "billing_mode": ("PAY_PER_REQUEST", billing_mode),
        "stream": (wanted.stream, actual.stream),
        "encryption": (wanted.encryption, actual.encryption),
        "point_in_time_recovery": (wanted.point_in_time_recovery, actual.point_in_time_recovery),
        "deletion_protection": (wanted.deletion_protection, actual.deletion_protection),
    }
    if not _same_kms_key(wanted, actual):
        pairs["kms_key_id"] = (wanted.kms_key_id, actual.kms_key_id)
    pairs |= _attribute_pairs(wanted, actual) | _index_pairs(wanted, actual)
    return [
        Difference(property=name, expected=expected, actual=found)
        for name, (expected, found) in pairs.items()
        if expected != found
    ]


def _attribute_pairs(wanted: TableDefinition, actual: TableDefinition) -> dict[str, tuple[Any, Any]]:
    want = {a.name: a.type for a in wanted.attributes}
    have = {a.name: a.type for a in actual.attributes}
    return {f"attributes.{name}": (want.get(name), have.get(name)) for name in sorted({*want, *have})}


def _index_pairs(wanted: TableDefinition, actual: TableDefinition) -> dict[str, tuple[Any, Any]]:
    want = {index.name: _comparable(index) for index in wanted.indexes}
    have = {index.name: _comparable(index) for index in actual.indexes}
    pairs: dict[str, tuple[Any, Any]] = {}
    for name in sorted({*want, *have}):
        if name not in want or name not in have:
            pairs[f"indexes.{name}"] = (want.get(name), have.get(name))
            continue
        pairs |= {f"indexes.{name}.{part}": (want[name][part], have[name][part]) for part in want[name]}
    return pairs


def _comparable(index: IndexDefinition) -> dict[str, Any]:
    projected = index.projected_attributes if index.projection == "INCLUDE" else []
    return {**index.model_dump(exclude={"name"}), "projected_attributes": sorted(set(projected))}


def _same_kms_key(wanted: TableDefinition, actual: TableDefinition) -> bool:
    # An alias cannot be compared with the key's ARN without asking KMS; a key's id and its ARN can.
    want, have = wanted.kms_key_id, actual.kms_key_id
    return not want or not have or "alias/" in want or want == have or have.endswith(f"/{want}")


def _key_schema(partition_key: str, sort_key: str | None) -> list[dict[str, str]]:
    schema = [{"AttributeName": partition_key, "KeyType": "HASH"}]
    return schema if sort_key is None else [*schema, {"AttributeName": sort_key, "KeyType": "RANGE"}]


def _index_request(index: IndexDefinition) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.projection == "INCLUDE":
        projection["NonKeyAttributes"] = index.projected_attributes
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.partition_key, index.sort_key),
        "Projection": projection,
    }


def _index_of(index: Mapping[str, Any]) -> IndexDefinition:
    partition_key, sort_key = _keys(index["KeySchema"])
    projection = index.get("Projection") or {}
    return IndexDefinition.model_construct(
        name=index["IndexName"],
        partition_key=partition_key,
        sort_key=sort_key,
        projection=projection.get("ProjectionType", "ALL"),
        projected_attributes=sorted(projection.get("NonKeyAttributes") or []),
    )


def _keys(schema: list[dict[str, str]]) -> tuple[str, str | None]:
    by_type = {part["KeyType"]: part["AttributeName"] for part in schema}
    return by_type["HASH"], by_type.get("RANGE")
