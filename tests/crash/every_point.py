"""A kill at every point of the lifecycle, then `tableferry resume`: the same items, all once (`make test-crash`).

Tables of one story wait at their points until all are there, so that one SIGKILL hits each of them at its own.
"""

from __future__ import annotations

import pytest

from core.lifecycle import TableState, Trigger
from tests.crash.points import (
    MOMENTS,
    Story,
    edges,
    lifecycle_points,
    port_points,
)
from tests.crash.stage import DIRTY, LARGE, LONG, SMALL, Points, Stage
from tests.crash.victims import job_runs, kill, kill_connections, kill_job_run, mcp_servers
from tests.e2e.conftest import wait_until

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.crash]

MOST_LIVES = 8
ROLES = {"source": "mysql", "targets": "dynamodb", "jobs": "glue", "objects": "s3"}


@pytest.fixture(scope="session")
def trace(stage: Stage) -> list[str]:
    """What an undisturbed run passes: a table validated by its own run, and one by a sample."""
    file = stage.ferry.home / "trace"
    tables = {"Full": SMALL, "Sampled": LARGE}
    process = stage.start("run", stage.contract(tables), trace=str(file))
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, (out, err)
    stage.expect("undisturbed", "nothing", stage.migration, tables, {})
    return [line.rpartition("\t")[2] for line in file.read_text().splitlines()]


def test_the_orchestrator_at_every_point_of_the_way(stage: Stage, trace: list[str]) -> None:
    """Around every transition and around every effect of its step."""
    planned = [*lifecycle_points(Story.WAY), *port_points(trace, ("before", "after"), effects_only=True)]
    points = {f"Way{n}": [point] for n, point in enumerate(planned)}
    own_run = f"{Trigger.FINISH_VALIDATION} "
    tables = {t: SMALL if p.startswith(own_run) else LARGE for t, (p,) in points.items()}
    stage.killed_at(points, "run", stage.contract(tables))
    migration = stage.migration
    stage.resume(migration)
    stage.expect("run", "orchestrator", migration, tables, points)


def test_the_orchestrator_around_every_failure_and_retry(stage: Stage) -> None:
    """Each table fails in another step; killed before and after it is noted, before and after it is retried."""
    failures = [e for e in edges(Story.FAILURE) if e.trigger is Trigger.FAIL]
    step_of = {e.source: e.trigger for e in edges(Story.WAY)}
    names = {e.source: f"Fail{n}" for n, e in enumerate(failures)}
    tables = dict.fromkeys(names.values(), LARGE)
    fails = {names[state]: step_of[state].value for state in names}
    retries = [e for e in edges(Story.FAILURE) if e.trigger is Trigger.RETRY]
    lives: list[Points] = [
        *({names[e.source]: [e.at(moment)] for e in failures} for moment in MOMENTS),
        *({names[e.dest]: [e.at(moment)] for e in retries} for moment in MOMENTS),
    ]
    stage.killed_at(lives[0], "run", stage.contract(tables), fails=fails)
    migration = stage.migration
    stage.killed_at(lives[1], "resume", migration, fails=fails)
    stage.killed_at(lives[2], "resume", migration)
    stage.killed_at(lives[3], "resume", migration)
    stage.resume(migration)
    points = {table: [p for life in lives for p in life[table]] for table in tables}
    stage.expect("failure and retry", "orchestrator", migration, tables, points)


def test_job_runs_and_the_orchestrator_around_their_replacement(stage: Stage) -> None:
    """A run's process is killed as it begins and in its middle; then who replaces it is killed at every point."""
    planned = [
        *lifecycle_points(Story.LOST_RUN),
        *(f"{Trigger.RESTART_LOAD} {moment} jobs.start_run 1" for moment in ("before", "after")),
    ]
    points = {f"Lost{n}": [point] for n, point in enumerate(planned)}
    watching = next(p for p in lifecycle_points(Story.WAY) if p.startswith(f"{Trigger.FINISH_LOAD} "))
    starting = [p for p in lifecycle_points(Story.WAY) if p.startswith(f"{Trigger.START_LOAD} ")][1]
    first: Points = {t: [starting if n % 2 else watching] for n, t in enumerate(points)}
    first["Twice"] = [starting]
    tables = dict.fromkeys(first, LONG)

    def kill_run(table: str, point: str) -> bool:
        job = f"tableferry-{stage.migration}-{table}"
        if point == watching:
            wait_until(lambda: bool(stage.chunks_done(table)), "the first chunk")
        assert kill_job_run(stage.glue, job), f"no run of {job} was under way"
        return True

    assert stage.disturbed_at(first, kill_run, "run", stage.contract(tables)) == (1, {})
    migration = stage.migration
    stage.killed_at(points, "resume", migration)
    stage.resume(migration)
    runs = dict.fromkeys(tables, (2,))
    stage.expect("load run lost", "job run", migration, tables, first, runs)
    stage.expect("load run lost", "orchestrator", migration, tables, points, runs)


def test_the_orchestrator_around_a_retry_of_rejected_rows(stage: Stage) -> None:
    """From validated tables, and from those that failed their validation; the rows were repaired in between."""
    loads = edges(Story.REJECTS)
    planned = [e.at(moment) for e in loads for moment in MOMENTS]
    points = {f"Reject{n}": [point] for n, point in enumerate(planned)}
    validated = f"{Trigger.RESTART_LOAD} {TableState.VALIDATED}>"
    tables = dict.fromkeys(points, DIRTY)
    fails = {t: Trigger.FINISH_VALIDATION.value for t, (p,) in points.items() if not p.startswith(validated)}
    stage.database.execute("UPDATE dirty_rows SET amount = 'one' WHERE id = 7")
    stage.control.begin(lambda table, point: True)
    process = stage.start("run", stage.contract(tables), "--rejects", "keep", fails=fails)
    out, err = process.communicate(timeout=300)
    stage.database.execute("UPDATE dirty_rows SET amount = '7' WHERE id = 7")
    assert process.returncode == 1, (out, err)
    migration = stage.migration
    stage.killed_at(points, "retry-rejects", migration)
    stage.resume(migration)
    stage.expect("retry-rejects", "orchestrator", migration, tables, points, (2,))


def test_the_orchestrator_around_another_validation(stage: Stage) -> None:
    """`tableferry validate` of what is validated already."""
    points = {f"Again{n}": [point] for n, point in enumerate(lifecycle_points(Story.AGAIN))}
    tables = dict.fromkeys(points, LARGE)
    stage.ferry.result("run", stage.contract(tables))
    migration = stage.migration
    stage.killed_at(points, "validate", migration)
    stage.resume(migration)
    stage.expect("validate again", "orchestrator", migration, tables, points)


@pytest.mark.parametrize("victim", ["MCP server", "emulator connection", "database connection"])
def test_servers_and_connections_in_the_middle_of_every_call(stage: Stage, trace: list[str], victim: str) -> None:
    """The process goes on by itself, or a resume does."""
    calls = port_points(trace, ("during",), effects_only=False)
    if victim == "emulator connection":
        calls = [c for c in calls if " source." not in c or "publish_secret" in c]
    elif victim == "database connection":
        calls = [c for c in calls if " source." in c]
    planned = [*calls, *(p for p in lifecycle_points(Story.WAY) if p.startswith(f"{Trigger.FINISH_LOAD} "))]
    name = victim.split(maxsplit=1)[0].capitalize()
    tables = {f"{name}{n}": SMALL if n % 2 else LARGE for n in range(4)}
    points: Points = {table: [] for table in tables}
    for n, point in enumerate(planned):
        own_run = point.startswith(f"{Trigger.FINISH_VALIDATION} ") and " jobs." in point
        points[f"{name}{n % 4 | own_run}"].append(point)

    def hit(table: str, point: str) -> bool:
        if victim == "emulator connection":
            stage.proxy.cut()
        elif victim == "database connection":
            kill_connections(stage.root, stage.database.user)
        else:
            port = point.split(" ")[2].partition(".")[0]
            roles = (ROLES[port],) if port in ROLES else tuple(ROLES.values())
            for server in mcp_servers(stage.orchestrator, roles):
                kill(server)
        return True

    code, left = stage.disturbed_at(points, hit, "run", stage.contract(tables))
    migration, lives = stage.migration, 1
    while code != 0 and lives < MOST_LIVES:
        # A call whose effect nobody knows may fail its table; who resumes is hit at the points that are left.
        code, left = stage.disturbed_at(left, hit, "resume", migration)
        lives += 1
    stage.resume(migration)
    reached = {t: [p for p in each if p not in left.get(t, [])] for t, each in points.items()}
    # What a life found done already is not called again.
    assert sum(map(len, reached.values())) >= 0.8 * len(planned), left
    stage.expect(f"run, {lives - 1} resumes", victim, migration, tables, reached, range(1, lives + 2))


def test_who_cancels_between_every_two_tables(stage: Stage) -> None:
    """Tables in every state that can be cancelled; each `cancel` is killed one table later, until one is not."""
    cancels = edges(Story.CANCEL)
    ways = {e.source: e.at("begun") for e in edges(Story.WAY)}
    fallen = next(e for e in edges(Story.FAILURE) if e.trigger is Trigger.FAIL)
    stands = {e: ways.get(e.source, fallen.at("done")) for e in cancels}
    tables = {f"Cancel{n}": LARGE for n in range(len(cancels))}
    fails = {t: Trigger.CREATE_VIEW.value for t, e in zip(tables, cancels, strict=True) if e.source not in ways}
    waits = dict(zip(tables, ([point] for point in stands.values()), strict=True))
    stage.killed_at(waits, "run", stage.contract(tables), fails=fails)
    migration = stage.migration
    assert list(stage.states(migration).values()) == [e.source for e in cancels]
    # After one table's change and before the next one's is the same moment of a process.
    for table, edge in zip(tables, cancels, strict=True):
        stage.killed_at({table: [edge.at("begun")]}, "cancel", migration)
    *_, last = tables
    stage.killed_at({last: [cancels[-1].at("done")]}, "cancel", migration)
    stage.ferry.result("cancel", migration)
    assert stage.status(migration) == "cancelled"
    assert set(stage.states(migration).values()) == {TableState.CANCELLED}
    live = [t for t in tables for r in job_runs(stage.glue, f"tableferry-{migration}-{t}") if r["completed_on"] is None]
    assert live == []
    stage.outcomes += [("cancel", "orchestrator", edge.at(moment), "ok") for edge in cancels for moment in MOMENTS]
