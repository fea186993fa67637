"""A place in the contract that collects its problems, and the checks that only the data can decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.compile.joins import JoinCheck
from core.compile.problem import ExpressionProblem
from core.contract.problems import Problem, plain


@dataclass
class Place:
    """Collects the problems and the join checks of one place of the contract."""

    name: str
    problems: list[Problem]
    checks: list[JoinCheck]

    def problem(self, part: str, message: str, remedy: str = "") -> None:
        """Note what is wrong at a part of this place ("" for the place itself)."""
        self.problems.append(Problem(f"{self.name}, {part}" if part else self.name, message, remedy))

    def inside(self, name: str) -> Place:
        """A place within this one that collects into the same lists."""
        return Place(f"{self.name}, {plain(name)}", self.problems, self.checks)

    @contextmanager
    def noting(self, part: str) -> Iterator[None]:
        """An ExpressionProblem raised inside becomes a problem of this part, and `Refused` is raised instead."""
        try:
            yield
        except ExpressionProblem as problem:
            self.problem(part, problem.message, problem.remedy)
            raise Refused from problem


class Refused(Exception):  # noqa: N818 - control flow inside this package: the problem is noted already
    """This attribute does not compile; why is noted at its place."""
