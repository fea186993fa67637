"""The SQL of `differences`, for SQLite 3.8.2 and later: Glue's may be old, and know no window functions."""

from __future__ import annotations

_ROW = "id BLOB, digest BLOB, name TEXT, item TEXT, chunk INT, cells TEXT, content TEXT, reason TEXT"
# `others` are the rows besides the expected one of a key: `reason` is why the load left one out; NULL of one that it
# did not, BROKEN or REJECTED of one that cannot be an item now, but has a key. `lost` has a row when others broke.
SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE expected ({_ROW}, PRIMARY KEY (id)) WITHOUT ROWID;
CREATE TABLE actual (id BLOB PRIMARY KEY, digest BLOB, name TEXT, item TEXT) WITHOUT ROWID;
CREATE TABLE others ({_ROW});
CREATE INDEX others_by_id ON others (id);
CREATE TABLE released (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE promoted (place INTEGER PRIMARY KEY);
CREATE TABLE claims (id BLOB PRIMARY KEY, place INT) WITHOUT ROWID;
CREATE TABLE contested (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE lost (one INTEGER PRIMARY KEY);
"""
GROUPS = """
SELECT o.rowid, o.id, o.digest, o.reason, o.chunk, o.cells, e.digest, e.chunk, e.cells, a.digest
FROM others o LEFT JOIN expected e ON e.id = o.id LEFT JOIN actual a ON a.id = o.id ORDER BY o.id, o.rowid
"""
APPLY = """
INSERT INTO others SELECT e.* FROM expected e WHERE e.id IN (SELECT r.id FROM released r);
DELETE FROM expected WHERE id IN (SELECT r.id FROM released r);
INSERT INTO expected SELECT o.* FROM others o WHERE o.rowid IN (SELECT p.place FROM promoted p);
DELETE FROM others WHERE rowid IN (SELECT p.place FROM promoted p)
"""
_SURE = "NOT EXISTS (SELECT 1 FROM contested c WHERE c.id = e.id)"
# An item may be the last that is left of a row that is a reject.
_NO_LAST = (
    "NOT EXISTS (SELECT 1 FROM lost)"
    " AND NOT EXISTS (SELECT 1 FROM others r WHERE r.id = a.id AND r.reason = 'rejected')"
)
# kind, key's digest, key, items expected and there, where the row stands, digest of what is there, whether a repair may
# write it, whether the load had left it out.
FINDINGS = f"""
SELECT 'missing', e.id, e.name, e.item, NULL, e.chunk, e.cells, e.content, NULL, {_SURE}, e.reason IS NOT NULL
  FROM expected e WHERE NOT EXISTS (SELECT 1 FROM actual a WHERE a.id = e.id)
UNION ALL
SELECT 'extra', a.id, a.name, NULL, a.item, NULL, NULL, NULL, a.digest, 0, 0 FROM actual a
  WHERE NOT EXISTS (SELECT 1 FROM expected e WHERE e.id = a.id)
    AND NOT EXISTS (SELECT 1 FROM others o WHERE o.id = a.id)
UNION ALL
SELECT 'differing', e.id, e.name, e.item, a.item, e.chunk, e.cells, e.content, a.digest,
    {_SURE} AND {_NO_LAST}, e.reason IS NOT NULL
  FROM expected e JOIN actual a ON a.id = e.id WHERE a.digest <> e.digest
UNION ALL
SELECT 'colliding', id, name, item, NULL, chunk, cells, content, NULL, 0, 0 FROM others WHERE reason IS NULL
UNION ALL
SELECT 'taken', a.id, a.name, NULL, a.item, o.chunk, o.cells, o.content, a.digest,
    c.place IS NOT NULL AND {_NO_LAST}, 1
  FROM actual a LEFT JOIN claims c ON c.id = a.id JOIN others o ON o.rowid = COALESCE(c.place,
    (SELECT q.rowid FROM others q WHERE q.id = a.id ORDER BY q.reason = 'key_taken' DESC, q.rowid LIMIT 1))
  WHERE NOT EXISTS (SELECT 1 FROM expected e WHERE e.id = a.id)
ORDER BY 2, 1
"""  # noqa: S608 - our own
