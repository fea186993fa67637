"""Bytes that are no contract at all."""

from __future__ import annotations

import json

from tests.e2e.hostile.baseline import CONTRACT
from tests.e2e.hostile.case import Hostile

SOUND = json.dumps(CONTRACT).encode()
HALF = b"\\ud83d"
_AT = b'[{"estimated_item_size_bytes": '

_DOCUMENTS: list[tuple[str, bytes, str, str]] = [
    ("nothing", b"", "contract", "is not JSON at line 1, column 1"),
    ("blanks", b" \n\t", "contract", "is not JSON"),
    ("NULs", b"\0" * 100, "contract", "is not JSON"),
    ("a program", b"#!/bin/sh\nrm -rf /\n", "contract", "is not JSON"),
    ("SQL", b"DROP TABLE orders;", "contract", "is not JSON"),
    ("JSON, then SQL", SOUND + b"; DROP TABLE orders", "contract", "is not JSON"),
    ("two contracts", SOUND + SOUND, "contract", "is not JSON"),
    ("cut off", SOUND[:-9], "contract", "is not JSON"),
    ("a comment", b"/* x */" + SOUND, "contract", "is not JSON"),
    ("broken UTF-8", b'[{"table": "\xff\xfe"}]', "contract", "is not UTF-8 at byte 12"),
    ("overlong UTF-8", b'[{"table": "\xc0\xaf"}]', "contract", "is not UTF-8"),
    ("half a character as UTF-8", b'[{"table": "\xed\xa0\xbd"}]', "contract", "is not UTF-8"),
    ("UTF-16", SOUND.decode().encode("utf-16"), "contract", "is not UTF-8 at byte 0"),
    ("UTF-16 without a mark", SOUND.decode().encode("utf-16-be"), "contract", "is not JSON"),
    ("UTF-32", SOUND.decode().encode("utf-32"), "contract", "is not UTF-8"),
    ("two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf" + SOUND, "contract", "is not JSON"),
    ("Latin-1", '[{"table": "é"}]'.encode("latin-1"), "contract", "is not UTF-8"),
    ("5 MB of blanks", SOUND + b" " * 5_000_000, "contract", "a contract has at most 4,194,304"),
    ("5 MB of tables", b"[" + b'{"table": "Orders"},' * 250_000 + b"{}]", "contract", "a contract has at most"),
    ("800 KB of unknown keys", b'[{"a":1' + b"".join(b',"k%d":1' % n for n in range(60_000)) + b"}]",
     "tables[0], a", "unknown key 'a'"),
    ("10,000 tables", b"[" + b",".join([b"{}"] * 10_000) + b"]", "tables[0], table", "is missing"),
    ("100,000 brackets", b"[" * 100_000, "contract", "is nested too deeply"),
    ("100,000 braces", b'{"tables":' * 100_000, "contract", "is nested too deeply"),
    ("100,000 brackets, closed", b"[" * 100_000 + b"]" * 100_000, "contract", "is nested too deeply"),
    ("900 brackets, closed", b"[" * 900 + b"]" * 900, "tables[0]", "found"),
    ("null", b"null", "contract", "is null"),
    ("a text", b'"DROP TABLE orders"', "contract", "is a string"),
    ("a number", b"1e5", "contract", "is a number"),
    ("true", b"true", "contract", "is a boolean"),
    ("no tables", b"[]", "tables", "at least 1"),
    ("no key tables", b"{}", "tables", "is missing"),
    ("another key", b'{"tabels": []}', "tabels", "Did you mean 'tables'?"),
    ("a prototype", b'{"__proto__": {}, "tables": [{}]}', "__proto__", "unknown key"),
    ("null as table", b"[null]", "tables[0]", "found None"),
    ("NaN", _AT + b"NaN}]", "contract", "holds NaN"),
    ("Infinity", _AT + b"Infinity}]", "contract", "holds Infinity"),
    ("-Infinity", _AT + b"-Infinity}]", "contract", "holds -Infinity"),
    ("1e999", _AT + b"1e999}]", "tables[0], estimated_item_size_bytes", "finite"),
    ("5,000 digits", _AT + b"9" * 5_000 + b"}]", "contract", "is not usable JSON"),
    ("a key twice", b'{"tables": [], "tables": []}', "contract", "has the key 'tables' twice"),
    ("a key twice, deep", b'[{"pk": "id", "pk": "note"}]', "contract", "has the key 'pk' twice"),
    ("half a character", b'[{"table": "' + HALF + b'"}]', "tables[0], table", "holds half of a character"),
    ("half a character as key", b'[{"' + HALF + b'": 1}]', "tables[0]", "holds half of a character"),
    ("escape sequences as key", b'[{"\\u001b[2J\\u202e": 1}]', "tables[0], \\x1b[2J\\u202e", "unknown key"),
    ("a raw escape sequence", b'[{"table": "\x1b[2J"}]', "contract", "is not JSON"),
]  # fmt: skip
DOCUMENTS = [Hostile(*row) for row in _DOCUMENTS]
