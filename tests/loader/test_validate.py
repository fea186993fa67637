"""Full validation and repair, in this process, over a real server and the local runtime."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import boto3
import pytest

from adapters.loader.backoff import Backoff
from adapters.loader.credentials import Source
from adapters.loader.objects import Bucket
from adapters.loader.plain_json import item_of
from adapters.loader.rows import RowReader
from adapters.loader.scan import TableScan
from adapters.loader.second_pass import Limits
from adapters.loader.validate import FullValidation, Pace
from core.items.canonical import item_digest
from core.items.plan import Chunk, LoadPlan
from tests.loader.conftest import Load
from tests.loader.damage import Damage, damage, filled, key_of

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.once]

KINDS = ("missing", "extra", "differing", "colliding", "taken")
COMPARABLE = ("rows_in_view", "items_expected", "items_in_target", "compared", "mismatches", "indexes", *KINDS)


def validated(load: Load, plan: LoadPlan, validation: str, **limits: int) -> dict[str, Any]:
    """The result of a full validation that stores its progress at every step."""
    database = load.database
    reader = RowReader(Source(database.host, database.port, database.user, database.password), plan)
    scan = TableScan(boto3.client("dynamodb"), plan.target_table, backoff=Backoff())
    return FullValidation(
        *(plan, reader, scan, Bucket(load.s3, load.bucket), validation),
        segments=3,
        limits=Limits(**limits),
        pace=Pace(keep_seconds=0, index_looks=2, index_seconds=0),
    ).run()


def document(load: Load, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(load.text(load.prefix + name))
    return found


def stored(load: Load, prefix: str) -> list[str]:
    names = load.keys()
    return [name for name in names if name.startswith(prefix)]


def findings(load: Load, validation: str) -> list[dict[str, Any]]:
    """Every finding that a validation left in S3."""
    keys = stored(load, f"validation/{validation}/findings/")
    return [json.loads(line) for key in keys for line in load.text(load.prefix + key).split("\n") if line]


def put(load: Load, **item: Any) -> None:
    load.dynamodb.put_item(TableName=load.table, Item=item)


def counts(result: dict[str, Any]) -> dict[str, int]:
    return {kind: result[kind] for kind in KINDS if result[kind]}


def contents(load: Load) -> Counter[bytes]:
    return Counter(map(item_digest, load.items()))


def key(n: int) -> dict[str, Any]:
    return {"pk": {"S": f"ITEM#{n}"}, "sk": {"N": str(n)}}


def test_an_undamaged_table_shows_no_difference(load: Load) -> None:
    filled(load, 100)
    load.database.execute("UPDATE v SET doc = '[1]' WHERE id = 7")
    load.run()
    load.run("--task", "validate", "--run-token", "v-1")
    result = document(load, "validation/v-1/result.json")
    counted = {k: result[k] for k in ("rows_in_view", "rejects", "items_expected", "items_in_target", "compared")}
    assert counted == {"rows_in_view": 100, "rejects": 1, "items_expected": 99, "items_in_target": 99, "compared": 99}
    assert result["rejects_by_reason"] == {"json_wrong_shape": 1}
    assert (counts(result), result["rounds"], result["mismatches"]) == ({}, 0, [])
    assert result["indexes"] == [{"index": "ByName", "expected": 88, "in_table": 88, "in_index": 88}]


def test_rows_that_the_load_left_out_for_an_items_sake_are_left_out_again(load: Load) -> None:
    """Only those that its rejects name, and only while another item is there."""
    plan = filled(load, 10)
    load.run()
    for n in (3, 5):
        load.dynamodb.delete_item(TableName=load.table, Key=key(n))
    put(load, **key(4), name={"S": "somebody else's"})
    reasons = {3: "key_taken", 4: "key_taken", 5: "json_wrong_shape"}  # the last one was mended since
    lines = [
        json.dumps({"row": {"id": str(n)}, "reason": reason, "message": "\u2028"}, ensure_ascii=False)
        for n, reason in reasons.items()
    ]
    load.s3.put_object(Bucket=load.bucket, Key=plan.rejects_key(0), Body="\n".join(lines).encode())
    found = validated(load, plan, "v-1")
    assert counts(found) == {"missing": 2, "taken": 1}
    shown = [(m["kind"], m["row"]) for m in found["mismatches"]]
    assert sorted(shown, key=repr) == [("missing", {"id": "3"}), ("missing", {"id": "5"}), ("taken", {"id": "4"})]
    assert shown[-1][0] == "taken", "what others wrote is told last"
    assert found["rejects_by_reason"] == {"key_taken": 1}


def test_rejects_that_the_load_does_not_name_are_told_from_its_own(load: Load) -> None:
    """One row broke since, another was mended: as many rejects as before, and yet one whose item looks extra."""
    plan = filled(load, 10)
    load.database.execute("UPDATE v SET doc = '[1]' WHERE id IN (4, 7)")
    load.run()
    assert validated(load, plan, "v-1")["rejects_since_load"] == 0
    load.database.execute("UPDATE v SET doc = IF(id = 7, '{}', '[1]') WHERE id IN (6, 7)")
    found = validated(load, plan, "v-2")
    assert (found["rejects"], found["rejects_since_load"]) == (2, 1)
    assert counts(found) == {"missing": 1, "taken": 1}, "the item of a row that broke is no extra one"


def test_rejected_rows_that_a_repair_wrote_are_rejects_no_longer(load: Load) -> None:
    plan = filled(load, 10)
    load.database.execute("UPDATE v SET doc = '[1]' WHERE id = 7")
    load.run()
    load.database.execute("UPDATE v SET doc = '{}' WHERE id = 7")
    load.dynamodb.delete_item(TableName=load.table, Key=key(3))
    assert counts(validated(load, plan, "v-1")) == {"missing": 2}
    load.run("--task", "repair", "--validation", "v-1")
    done = document(load, "validation/v-1/repair.json")
    assert (done["written"], done["left"], done["gone"]) == (2, 0, 0)
    found = validated(load, plan, "v-2")
    assert (counts(found), found["rejects"], found["rejects_since_load"]) == ({}, 0, 0)
    result = load.result(plan)
    assert (result["items_written"], result["rejects"], result["rejects_by_reason"]) == (10, 0, {})
    assert load.rejects(plan) == []
    load.database.execute("UPDATE v SET doc = '[1]' WHERE id = 7")
    found = validated(load, plan, "v-3")
    assert (counts(found), found["rejects_since_load"]) == ({"taken": 1}, 1), "it broke again, and was a reject before"


def test_each_kind_of_difference_is_counted_and_named(load: Load) -> None:
    plan = filled(load, 100)
    load.run()
    load.dynamodb.delete_item(TableName=load.table, Key=key(5))
    put(load, pk={"S": "who"}, sk={"N": "1"})
    load.dynamodb.update_item(
        TableName=load.table,
        Key=key(50),
        UpdateExpression="SET #n = :n, extra = :e REMOVE #r",
        ExpressionAttributeNames={"#n": "name", "#r": "raw"},
        ExpressionAttributeValues={":n": {"S": "other"}, ":e": {"NULL": True}},
    )
    for items in (1_000_000, 1):
        found = validated(load, plan, f"v-{items}", items=items)
        assert counts(found) == {"missing": 1, "extra": 1, "differing": 1}
        assert found["rounds"] == (1 if items > 1 else 3)
        listed = {(m["kind"], m["key"], m["attribute"]): (m["expected"], m["actual"]) for m in found["mismatches"]}
        assert listed == {
            ("missing", '{"pk":{"S":"ITEM#5"},"sk":{"N":"5"}}', None): ("an item", "missing"),
            ("extra", '{"pk":{"S":"who"},"sk":{"N":"1"}}', None): ("no item", "an item"),
            ("differing", (at := '{"pk":{"S":"ITEM#50"},"sk":{"N":"50"}}'), "raw"): ('{"B":"AAAAMgD/"}', None),
            ("differing", at, "extra"): (None, '{"NULL":true}'),
            ("differing", at, "name"): ('{"S":"name 50"}', '{"S":"other"}'),
        }
        assert {m["key"]: m["row"] for m in found["mismatches"]}[at] == {"id": "50"}
        lines = {(line["kind"], line["key"]["pk"]["S"]): line for line in findings(load, f"v-{items}")}
        assert lines.keys() == {("missing", "ITEM#5"), ("extra", "who"), ("differing", "ITEM#50")}
        assert (lines["missing", "ITEM#5"]["chunk"], lines["missing", "ITEM#5"]["cells"]) == (0, ["5"])


def test_more_than_the_room_for_contents_is_still_counted_and_listed(load: Load) -> None:
    plan = filled(load, 100)
    load.run()
    for n in range(1, 31):
        put(load, **key(n))
    found = validated(load, plan, "v-1", content_bytes=1, shown=7)
    assert counts(found) == {"differing": 30}
    assert len(found["mismatches"]) == 7
    assert len(findings(load, "v-1")) == 30


def test_rows_whose_key_another_row_took_since_are_named(load: Load) -> None:
    """The view changed so that two rows have one key: both cannot be in the table."""
    plan = filled(load, 10)
    load.run()
    load.database.execute(
        "RENAME TABLE v TO w; CREATE VIEW v AS SELECT LEAST(id, 9) AS id, name, price, flag, raw, doc, parts, tags,"
        " sizes, note FROM w"
    )
    found = validated(load, plan, "v-1")
    assert found["colliding"] == 1
    assert found["extra"] == 1


def test_a_table_without_one_of_its_indexes_differs(load: Load) -> None:
    plan = filled(load, 10)
    load.run()
    load.dynamodb.update_table(TableName=load.table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "ByName"}}])
    assert validated(load, plan, "v-1")["indexes"] == [
        {"index": "ByName", "expected": 9, "in_table": 9, "in_index": None}
    ]


def test_throttled_scans_are_asked_again(load: Load) -> None:
    plan = filled(load, 100)
    load.run()
    refused = iter(range(9))

    def throttled(**_: Any) -> Any:
        if next(refused, None) is None:
            return None
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        error = {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}
        metadata = {"HTTPStatusCode": 400}
        return AWSResponse("http://127.0.0.1", 400, HTTPHeaders(), None), {"Error": error, "ResponseMetadata": metadata}

    boto3.DEFAULT_SESSION.events.register("before-call.dynamodb.Scan", throttled)  # type: ignore[union-attr]
    found = validated(load, plan, "v-1")
    assert (counts(found), found["compared"]) == ({}, 100)
    assert next(refused, None) is None


@pytest.mark.parametrize("dies_after", [1, 4, 8])
def test_a_killed_validation_goes_on_where_it_was(load: Load, dies_after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far it came: the same result, and no chunk of the first pass is read twice."""
    plan = filled(load, 100, per_chunk=10)
    load.run()
    put(load, **key(99))
    load.dynamodb.delete_item(TableName=load.table, Key=key(5))
    whole = validated(load, plan, "whole")
    read: list[int] = []
    original = RowReader.read

    def counting(reader: RowReader, chunk: Any) -> Any:
        if len(read) == dies_after:
            raise RuntimeError("killed")
        read.append(chunk.number)
        return original(reader, chunk)

    monkeypatch.setattr(RowReader, "read", counting)
    with pytest.raises(RuntimeError, match="killed"):
        validated(load, plan, "v-1")
    assert stored(load, "validation/v-1/result.json") == []
    again: list[int] = []

    def noting(reader: RowReader, chunk: Any) -> Any:
        again.append(chunk.number)
        return original(reader, chunk)

    monkeypatch.setattr(RowReader, "read", noting)
    found = validated(load, plan, "v-1")
    assert again == [*range(dies_after, 10), *range(10)]  # the rest of the first pass, then the second
    assert {k: found[k] for k in COMPARABLE} == {k: whole[k] for k in COMPARABLE}
    again.clear()
    assert validated(load, plan, "v-1") == found
    assert again == []


def test_a_killed_scan_goes_on_where_it_was(load: Load) -> None:
    plan = filled(load, 100)
    load.run()
    put(load, **key(99))
    segments: list[int] = []

    def die(params: dict[str, Any], **_: Any) -> None:
        segments.append(json.loads(params["body"])["Segment"])
        if segments[-1] == 2:
            raise RuntimeError("killed")

    events: Any = boto3.DEFAULT_SESSION.events  # type: ignore[union-attr]
    events.register("before-call.dynamodb.Scan", die)
    with pytest.raises(RuntimeError, match="killed"):
        validated(load, plan, "v-1")
    events.unregister("before-call.dynamodb.Scan", die)
    asked: list[Any] = []
    events.register("before-call.dynamodb.Scan", lambda params, **_: asked.append(json.loads(params["body"])))
    assert counts(validated(load, plan, "v-1")) == {"differing": 1}
    first_pass = [request["Segment"] for request in asked[:-4]]
    assert 2 in first_pass
    assert len(first_pass) < 3


def test_a_repair_restores_equality_and_deletes_only_when_asked(load: Load) -> None:
    plan = filled(load, 100)
    load.run()
    before = contents(load)
    load.dynamodb.delete_item(TableName=load.table, Key=key(5))
    for name in ("other", "another"):
        put(load, pk={"S": name}, sk={"N": "1"}, raw={"B": b"x"})
    put(load, **key(99))
    assert validated(load, plan, "v-1")["extra"] == 2
    load.run("--task", "repair", "--validation", "v-1")
    done = document(load, "validation/v-1/repair.json")
    assert done == {"validation": "v-1", "written": 2, "gone": 0, "deleted": 0, "changed": 0, "left": 2}
    assert document(load, "validation/v-1/repair-progress.json")["activity"] == "repairing"
    assert document(load, "validation/v-1/progress.json")["activity"] != "repairing"
    assert counts(validated(load, plan, "v-2")) == {"extra": 2}

    put(load, pk={"S": "other"}, sk={"N": "1"}, raw={"B": b"changed since"})
    load.run("--task", "repair", "--validation", "v-2", "--delete-extra", "true")
    done = document(load, "validation/v-2/repair.json")
    assert done == {"validation": "v-2", "written": 0, "gone": 0, "deleted": 1, "changed": 1, "left": 0}
    load.dynamodb.delete_item(TableName=load.table, Key={"pk": {"S": "other"}, "sk": {"N": "1"}})
    assert contents(load) == before
    assert counts(validated(load, plan, "v-3")) == {}


def test_a_repair_leaves_a_key_that_two_rows_have_as_it_is(load: Load) -> None:
    """The row that is read first took the key of the other, which is the one that the item was made of."""
    plan = filled(load, 10)
    load.run()
    (before,) = [item for item in load.items() if item["sk"] == {"N": "5"}]
    load.dynamodb.delete_item(TableName=load.table, Key=key(7))
    load.database.execute(
        "RENAME TABLE v TO w; CREATE VIEW v AS SELECT IF(id = 3, 5, id) AS id, name, price, flag, raw, doc, parts,"
        " tags, sizes, note FROM w"
    )
    assert counts(validated(load, plan, "v-1")) == {"missing": 1, "colliding": 1, "extra": 1}
    load.run("--task", "repair", "--validation", "v-1")
    assert [item for item in load.items() if item["sk"] == {"N": "5"}] == [before]
    done = document(load, "validation/v-1/repair.json")
    assert (done["written"], done["left"]) == (1, 2)


def test_a_table_without_a_key_is_repaired_too(load: Load) -> None:
    plan = filled(load, 10)
    keyless = replace(plan.item, row_key=(), row_key_names=(), chunk_columns=())
    plan = replace(plan, items=(keyless,), chunks=(Chunk(0, None, None, 0),))
    load.store(plan)
    load.run()
    before = contents(load)
    load.dynamodb.delete_item(TableName=load.table, Key=key(5))
    assert counts(validated(load, plan, "v-1")) == {"missing": 1}
    load.run("--task", "repair", "--validation", "v-1")
    assert contents(load) == before


def test_a_row_that_is_gone_or_spoilt_is_not_written_again(load: Load) -> None:
    plan = filled(load, 100)
    load.run()
    for n in (5, 6, 7):
        load.dynamodb.delete_item(TableName=load.table, Key=key(n))
    validated(load, plan, "v-1")
    load.database.execute("DELETE FROM v WHERE id = 5; UPDATE v SET doc = '[1]' WHERE id = 6")
    load.run("--task", "repair", "--validation", "v-1")
    assert document(load, "validation/v-1/repair.json")["written"] == 1
    assert document(load, "validation/v-1/repair.json")["gone"] == 2
    assert counts(validated(load, plan, "v-2")) == {}


@pytest.mark.parametrize(
    ("existing", "written", "differing"), [("keep", 1, 2), ("overwrite", 3, 0)], ids=["keep", "overwrite"]
)
def test_a_repair_beside_items_of_others_writes_as_the_load_does(
    load: Load, existing: str, written: int, differing: int
) -> None:
    """Items carry no mark of who wrote them: one that holds a row's key stays unless it may be overwritten."""
    plan = filled(load, 10)
    put(load, **key(11), name={"S": "somebody's"})
    load.run("--existing", "keep")
    load.database.execute("INSERT INTO v (id) VALUES (11), (12)")
    load.database.execute("UPDATE v SET name = 'changed since' WHERE id = 3")
    assert counts(validated(load, plan, "v-1")) == {"missing": 1, "differing": 2}
    load.run("--existing", existing, "--task", "repair", "--validation", "v-1")
    done = document(load, "validation/v-1/repair.json")
    assert (done["written"], done["left"], done["gone"]) == (written, differing, 0)
    names = {item["sk"]["N"]: item.get("name") for item in load.items()}
    assert (names["11"] == {"S": "somebody's"}) is (existing == "keep")
    actions = [json.loads(line) for line in load.text(load.prefix + "validation/v-1/repair.jsonl").splitlines()]
    kept = {line["key"]["pk"]["S"] for line in actions if line["action"] == "left"}
    assert kept == ({"ITEM#3", "ITEM#11"} if existing == "keep" else set())
    assert validated(load, plan, "v-2")["differing"] == differing


SEEDS, PER_RUN = 1_000, 250


def test_every_damage_of_1000_is_found_exactly_and_repaired(load: Load) -> None:
    """No more and no less: each with its kind, its key and its attribute; a repair restores the very same items."""
    plan = filled(load, PER_RUN, per_chunk=60)
    load.run()
    before = contents(load)
    assert counts(validated(load, plan, "undamaged")) == {}
    kinds: Counter[str] = Counter()
    for start in range(0, SEEDS, PER_RUN):
        items = sorted(load.items(), key=lambda item: int(item["sk"]["N"]))
        damages = [damage(start + n, item) for n, item in enumerate(items)]
        kinds.update(found.what for found in damages)
        _inflict(load, damages)
        validated(load, plan, f"v-{start}")
        assert _found(findings(load, f"v-{start}")) == _wanted(damages)
        load.run("--task", "repair", "--validation", f"v-{start}", "--delete-extra", "true")
        assert contents(load) == before
        assert counts(validated(load, plan, f"repaired-{start}")) == {}
    assert len(kinds) == 14


def _inflict(load: Load, damages: list[Damage]) -> None:
    for one in damages:
        if one.put is None:
            load.dynamodb.delete_item(TableName=load.table, Key=one.key)
        else:
            put(load, **one.put)


def _found(lines: list[dict[str, Any]]) -> dict[str, tuple[str, frozenset[str]]]:
    named = [(str(item_of(line["key"])), (line["kind"], frozenset(line["attributes"]))) for line in lines]
    assert len(dict(named)) == len(named), "an item is listed once"
    return dict(named)


def _wanted(damages: list[Damage]) -> dict[str, tuple[str, frozenset[str]]]:
    return {str(one.key): (one.kind, one.attributes) for one in damages}


def test_seeds_do_what_they_say(load: Load) -> None:
    """The proof's own proof: a damaged item is another item, by DynamoDB's own equality."""
    filled(load, 10)
    load.run()
    item = load.items()[3]
    for seed in range(300):
        one = damage(seed, item)
        if one.put is not None:
            assert item_digest(one.put) != item_digest(item), one
            assert (key_of(one.put) == key_of(item)) is (one.kind == "differing")
