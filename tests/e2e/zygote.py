"""A process that has imported the product once and forks a `tableferry` for each request: real processes, no start-up.

Requests are lines of JSON on standard input, `{"arguments": [...], "environment": {...}, "folder": path, "out": path,
"err": path}`; each answer is a line with the exit code. What runs is `flows.cli.main`, which is what the console script
runs. Prefect reads its settings when it is imported, so those of the zygote hold for all.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

import flows.cli
from flows import begin, commands, migrate_database, plan_view, render, wiring

IMPORTED_BEFORE_THE_FORK = (begin, commands, migrate_database, plan_view, render, wiring)


def serve() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            run_and_leave(request)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


def run_and_leave(request: dict[str, Any]) -> None:
    """Be `tableferry` with these arguments, and end as it does."""
    for path, descriptor in ((request["out"], 1), (request["err"], 2)):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(target, descriptor)
        os.close(target)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["tableferry", *request["arguments"]]
    code: Any = 1
    try:
        flows.cli.main()
    except SystemExit as left:
        code = left.code or 0
    except BaseException:  # noqa: BLE001 - as the interpreter itself does with what nobody caught
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
