"""The transactions that every part of the checkpoint store is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine, func, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session, select

from adapters.checkpoints.engine import translated_errors
from core.errors import UnavailableError


def utc_now() -> datetime:
    return datetime.now(UTC)


class Sessions:
    """One engine; any thread may call, each call uses a connection of its own."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._readers = engine
        self._writers = engine.execution_options(write=True)
        self._now = now

    def close(self) -> None:
        """Close every idle connection; the store must not be used afterwards."""
        self._readers.dispose()

    def _moment(self, session: Session) -> datetime:
        """Now, by the clock that all processes of this store share: the database server's, else the machine's."""
        if self._readers.dialect.name != "postgresql":
            return self._now()
        # now() would be the transaction's start, before it waited for a lock.
        moment: datetime = session.exec(select(func.clock_timestamp())).one()
        return moment.astimezone(UTC)

    def _one_at_a_time(self, session: Session, subject: str) -> None:
        """Until the transaction ends no other of the same subject goes on; SQLite's writers are alone anyway."""
        if self._readers.dialect.name == "postgresql":
            session.connection().execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 0))"), {"subject": subject}
            )

    @contextmanager
    def _session(self, *, write: bool = False) -> Iterator[Session]:
        engine = self._writers if write else self._readers
        try:
            with translated_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (StaleDataError, IntegrityError) as error:
            raise UnavailableError(
                "Another process changed this checkpoint at the same moment.", remedy="Look at it again, then go on."
            ) from error
