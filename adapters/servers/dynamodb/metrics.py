"""How many items a table has, by DynamoDB's estimate and by counting, and how hard it worked in the last hour."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from core.errors import InvalidRequestError, TableferryError

log = logging.getLogger(__name__)

# Name, statistic and operation; https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
_METRICS = (
    ("ConsumedWriteCapacityUnits", "Sum", ""),
    ("WriteThrottleEvents", "Sum", ""),
    ("SuccessfulRequestLatency", "Average", "BatchWriteItem"),
)


class TableMetrics(BaseModel):
    """`exact_count` is this call's part of a count; go on from `cursor` until `complete`, and add up."""

    status: str
    item_count: int
    size_bytes: int
    exact_count: int | None
    cursor: str | None
    complete: bool
    read_units: float | None
    consumed_write_units: float | None
    throttled_requests: float | None
    successful_request_latency_ms: float | None


def table_metrics(
    clients: AwsClients, name: str, *, exact: bool, cursor: str | None, max_seconds: float
) -> TableMetrics:
    """The table's metrics; with `exact` it is counted by consistent reads for about `max_seconds`."""
    with aws_call(f"DynamoDB table {name}"):
        table = clients.dynamodb.describe_table(TableName=name)["Table"]
    count, reached, units = _count(clients, name, cursor, max_seconds) if exact else (None, None, None)
    written, throttled, latency = _last_hour(clients, name)
    return TableMetrics(
        status=table["TableStatus"],
        item_count=table.get("ItemCount", 0),
        size_bytes=table.get("TableSizeBytes", 0),
        exact_count=count,
        cursor=reached,
        complete=reached is None,
        read_units=units,
        consumed_write_units=written,
        throttled_requests=throttled,
        successful_request_latency_ms=latency,
    )


def _count(clients: AwsClients, name: str, cursor: str | None, max_seconds: float) -> tuple[int, str | None, float]:
    start = _read_cursor(cursor)
    deadline = time.monotonic() + max_seconds
    count, units = 0, 0.0
    while True:
        more = {"ExclusiveStartKey": start} if start else {}
        with aws_call(f"DynamoDB table {name}"):
            page: Any = clients.dynamodb.scan(
                TableName=name, Select="COUNT", ConsistentRead=True, ReturnConsumedCapacity="TOTAL", **more
            )
        count += page["Count"]
        units += (page.get("ConsumedCapacity") or {}).get("CapacityUnits", 0.0)
        start = page.get("LastEvaluatedKey")
        if not start or time.monotonic() >= deadline:
            return count, _write_cursor(start) if start else None, units


def _write_cursor(key: Any) -> str:
    plain = {name: {kind: _plain(value) for kind, value in part.items()} for name, part in key.items()}
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode("ascii")


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _read_cursor(cursor: str | None) -> Any:
    if cursor is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor))
        return {
            name: {kind: base64.b64decode(value) if kind == "B" else value for kind, value in part.items()}
            for name, part in key.items()
        }
    except (ValueError, binascii.Error, AttributeError):
        raise InvalidRequestError("The cursor cannot be read.", remedy="Give it as it was answered.") from None


def _last_hour(clients: AwsClients, table: str) -> list[float | None]:
    """The values of `_METRICS` over the last hour; None where CloudWatch has or tells none."""
    until = datetime.now(UTC)
    try:
        with aws_call(f"metrics of DynamoDB table {table}"):
            answer = clients.cloudwatch.get_metric_data(
                MetricDataQueries=[_metric_query(number, table, *metric) for number, metric in enumerate(_METRICS)],
                StartTime=until - timedelta(hours=1),
                EndTime=until,
            )
    except TableferryError as error:
        # Metrics are an extra: who may count a table need not be allowed to read CloudWatch.
        log.warning("no metrics of table %s: %s", table, error.message)
        return [None] * len(_METRICS)
    values = {result["Id"]: result.get("Values") or [] for result in answer["MetricDataResults"]}
    return [_summed(values.get(f"m{number}", []), metric[1]) for number, metric in enumerate(_METRICS)]


def _metric_query(number: int, table: str, name: str, statistic: str, operation: str) -> dict[str, Any]:
    dimensions = [{"Name": "TableName", "Value": table}]
    if operation:
        dimensions.append({"Name": "Operation", "Value": operation})
    metric = {"Namespace": "AWS/DynamoDB", "MetricName": name, "Dimensions": dimensions}
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": statistic}}


def _summed(values: list[float], statistic: str) -> float | None:
    if not values:
        return None
    return sum(values) if statistic == "Sum" else sum(values) / len(values)
