"""What a query may not contain although it reads: functions and clauses that wait, lock, write files or change state.

A session that is READ ONLY stops writes to tables, and nothing else; these are the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from adapters.servers.mysql.sql_words import Word, refused

_FUNCTIONS = re.compile(
    r"SLEEP|BENCHMARK|LOAD_FILE|LAST_INSERT_ID|NEXTVAL|SETVAL|LASTVAL"
    r"|GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|IS_FREE_LOCK|IS_USED_LOCK|SERVICE_\w*LOCKS"
    r"|(MASTER|SOURCE)_(POS|GTID)_WAIT|WAIT_FOR_EXECUTED_GTID_SET|WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS|WSREP_\w+"
    r"|SYS_(EXEC|EVAL|GET|SET|BINEVAL)|LIB_MYSQLUDF\w*|SET_USER_VAR|PS_\w+"
    r"|ASYNCHRONOUS_CONNECTION_FAILOVER_\w+|GROUP_REPLICATION_\w+|KEYRING_\w+|VERSION_TOKENS_\w+|MYSQL_\w+|AUDIT_LOG\w*"
    r"|FIREWALL_\w+|SET_FIREWALL_\w+|READ_FIREWALL_\w+|MASK_\w+|GEN_(BLOCKLIST|DICTIONARY\w*)|SPIDER_\w+"
)
# Reserved on both engines, so none of these is a name unless quoted.
_CLAUSES = frozenset({"INTO", "OUTFILE", "DUMPFILE", "PROCEDURE", "LOCK", "CALL", "LOAD"})
_PAIRS = (("FOR", "UPDATE"), ("FOR", "SHARE"), ("VALUE", "FOR"), ("IN", "SHARE"))


def refuse_effects(pieces: Sequence[Word]) -> None:
    """Raise InvalidRequestError for a clause, an assignment or a function that has an effect."""
    for piece in pieces:
        if piece.kind == "mark" and piece.text == ":=":
            raise refused("it assigns a user variable")
        if piece.kind == "word" and piece.text in _CLAUSES:
            raise refused(f"it contains {piece.text}; write a column of that name in backticks")
    for left, right in pairwise(pieces):
        if (left.text, right.text) in _PAIRS and left.kind == right.kind == "word":
            raise refused(f"it contains {left.text} {right.text}")
        if right == Word("mark", "(") and left.kind in ("word", "name") and _FUNCTIONS.fullmatch(left.text.upper()):
            raise refused(f"it calls {left.text.upper()}, which has effects")
