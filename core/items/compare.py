"""Whether two items are the same by DynamoDB's own terms, not by their spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Callable, Optional

AttributeValue = Mapping[str, Any]
Difference = tuple[str, Optional[AttributeValue], Optional[AttributeValue]]


def differences(expected: Mapping[str, AttributeValue], actual: Mapping[str, AttributeValue]) -> list[Difference]:
    """The attributes in which two items (low-level form, binary as bytes) differ, sorted by name.

    Each is (attribute, expected value, actual value); None stands for absent, which differs from {"NULL": True}.
    Numbers are equal by value, sets in any order, maps by name, lists by position, and only within one type.
    """
    return [
        (name, expected.get(name), actual.get(name))
        for name in sorted(expected.keys() | actual.keys())
        if not _same_or_absent(expected.get(name), actual.get(name))
    ]


def same(left: AttributeValue, right: AttributeValue) -> bool:
    """Whether two attribute values are of one type and equal."""
    if left == right:
        return True
    (left_type, left_content), (right_type, right_content) = *left.items(), *right.items()
    return left_type == right_type and _EQUAL[left_type](left_content, right_content)


def _same_or_absent(left: AttributeValue | None, right: AttributeValue | None) -> bool:
    return left is right if left is None or right is None else same(left, right)


def _same_number(left: str, right: str) -> bool:
    return Decimal(left) == Decimal(right)


def _same_members(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return set(left) == set(right)


def _same_numbers(left: Sequence[str], right: Sequence[str]) -> bool:
    return set(map(Decimal, left)) == set(map(Decimal, right))


def _same_list(left: Sequence[AttributeValue], right: Sequence[AttributeValue]) -> bool:
    return len(left) == len(right) and all(map(same, left, right))


def _same_map(left: Mapping[str, AttributeValue], right: Mapping[str, AttributeValue]) -> bool:
    return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())


def _differ(_left: object, _right: object) -> bool:
    return False


_EQUAL: dict[str, Callable[[Any, Any], bool]] = {
    "S": _differ,
    "B": _differ,
    "BOOL": _differ,
    "NULL": _differ,
    "N": _same_number,
    "SS": _same_members,
    "BS": _same_members,
    "NS": _same_numbers,
    "L": _same_list,
    "M": _same_map,
}
