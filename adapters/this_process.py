"""Which process this is, and whether another one is known to have ended: what leases are given to and taken from."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

from core.leases import Owner


def this_process() -> Owner:
    """This process, under a token of its own for each call: two flows of one process are two owners."""
    return Owner(socket.gethostname(), os.getpid(), _boot(), _started(os.getpid()) or "", uuid.uuid4().hex)


def is_gone(owner: Owner) -> bool:
    """Whether that process is known to have ended; of another host, or where /proc tells nothing, it is not known."""
    same_machine = owner.host == socket.gethostname() and owner.boot == _boot() != ""
    return same_machine and owner.started != "" and _started(owner.pid) != owner.started


def _boot() -> str:
    """The boot and the pid namespace that pids are counted in; "" where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When the process was started, in the kernel's ticks; None when there is none, or it is only waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # proc(5): the name in parentheses may hold anything; state is the 3rd field, starttime the 22nd.
    fields = stat.rpartition(")")[2].split()
    # The first thread can be a zombie while others, killed with it, still write.
    return None if fields[0] in "ZX" and int(fields[17]) <= 1 else fields[19]
