"""The contract's form: what may stand where, and nothing else.

The form is that of the AWS "modernizer" workshop. The models know nothing of a database; what a contract
means is decided in `core.compile`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# AWS: table and index names, "Supported data types and naming rules in Amazon DynamoDB"
TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{3,255}$")]
# AWS: an attribute name is 1 to 65,535 bytes, 255 in a key; one limit for all keeps keys and attributes alike.
AttributeName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
SqlName = Annotated[
    str, StringConstraints(min_length=1, max_length=64)
]  # MySQL: identifiers have at most 64 characters
Expression = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
DynamoDbType = Literal["S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"]


class _Form(BaseModel):
    # inf and nan have no JSON form, so a contract that held one could not be kept
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class SelfJoin(_Form):
    type: Literal["self-join"]
    join_alias: SqlName
    join_condition: Expression
    select_column: Expression
    null_value: str | None = None


class ForeignKeyJoin(_Form):
    type: Literal["foreign-key"]
    target_table: SqlName
    join_condition: Expression
    select_column: Expression


class MultiColumnJoin(_Form):
    type: Literal["multi-column"]
    target_table: SqlName
    join_conditions: list[Expression] = Field(min_length=1)
    select_column: Expression


class ConditionalJoin(_Form):
    type: Literal["conditional"]
    condition: Expression
    target_table: SqlName
    join_condition: Expression
    select_column: Expression
    else_value: str | None = None


class ChainLink(_Form):
    target_table: SqlName
    join_condition: Expression
    select_column: Expression


class ChainJoin(_Form):
    type: Literal["chain"]
    joins: list[ChainLink] = Field(min_length=1)
    chain_separator: str | None = None


class LookupTableJoin(_Form):
    type: Literal["lookup-table"]
    target_table: SqlName
    join_condition: Expression
    select_column: Expression


class Construction(_Form):
    type: Literal["array", "object"]
    select_columns: dict[str, Expression] = Field(min_length=1)
    order_by: Expression | list[Expression] | None = None
    limit: int | None = Field(default=None, ge=1, le=2**63 - 1)  # what a LIMIT takes on every server


class JsonConstructionJoin(_Form):
    type: Literal["json-construction"]
    target_table: SqlName
    join_condition: Expression
    construction: Construction


Join = Annotated[
    SelfJoin | ForeignKeyJoin | MultiColumnJoin | ConditionalJoin | ChainJoin | LookupTableJoin | JsonConstructionJoin,
    Field(discriminator="type"),
]


class AggregateCalculation(_Form):
    type: Literal["aggregate"]
    target_table: SqlName
    join_condition: Expression
    operation: Literal["SUM", "COUNT", "AVG", "MIN", "MAX"]
    select_column: Expression


class CaseBranch(_Form):
    when: Expression
    then: Expression


class CaseCalculation(_Form):
    type: Literal["case"]
    cases: list[CaseBranch] = Field(min_length=1)
    else_: Expression | None = Field(default=None, alias="else")


class ConcatCalculation(_Form):
    type: Literal["concat"]
    columns: list[Expression] = Field(min_length=1)
    separator: str | None = None


class DateMathCalculation(_Form):
    type: Literal["date-math"]
    expression: Expression


Calculation = Annotated[
    AggregateCalculation | CaseCalculation | ConcatCalculation | DateMathCalculation, Field(discriminator="type")
]


class DateFormat(_Form):
    type: Literal["date-format"]
    format: str = Field(min_length=1)
    source_format: str | None = None


class StringFormat(_Form):
    type: Literal["string-format"]
    format: str


class NumberFormat(_Form):
    type: Literal["number-format"]
    format: str = Field(min_length=1)


class JsonParse(_Form):
    type: Literal["json-parse"]


Transformation = Annotated[DateFormat | StringFormat | NumberFormat | JsonParse, Field(discriminator="type")]


class Attribute(_Form):
    """One attribute of an item, and where its value comes from."""

    name: AttributeName
    type: DynamoDbType
    source_table: SqlName | None = None
    source_column: SqlName | list[SqlName] | None = None
    join: Join | None = None
    calculation: Calculation | None = None
    transformation: Transformation | None = None
    denormalized: bool | None = None
    justification: str | None = None


class Gsi(_Form):
    """A global secondary index."""

    index_name: TableName
    pk: AttributeName
    sk: AttributeName | None = None
    projection: Literal["ALL", "KEYS_ONLY", "INCLUDE"] = "ALL"
    projected_attributes: list[AttributeName] | None = None


class Entity(_Form):
    """One kind of item in a multi-entity table."""

    entity_type: str = Field(min_length=1)
    source_table: SqlName
    pk_template: str | None = None
    sk_template: str | None = None
    attributes: list[Attribute] = Field(min_length=1)


class Table(_Form):
    """One target table and what fills it."""

    table: TableName
    type: Literal["single-entity", "multi-entity"]
    source_table: SqlName | None = None
    pk: AttributeName
    sk: AttributeName | None = None
    gsis: list[Gsi] = Field(default_factory=list)
    attributes: list[Attribute] | None = None
    entities: list[Entity] | None = None
    satisfies: list[str] | None = None
    estimated_item_size_bytes: int | float | None = None

    @property
    def view_name(self) -> str:
        """The name of the table's view in the source database."""
        return f"ddb_{self.table.lower()}_view"


class Contract(_Form):
    """The whole document; `$schema` is for editors."""

    schema_: str | None = Field(default=None, alias="$schema")
    tables: list[Table] = Field(min_length=1)
