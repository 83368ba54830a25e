"""Starts programs on a pipe or on a terminal of their own and reads what they write, each read with its time."""

from __future__ import annotations

import bisect
import errno
import fcntl
import os
import re
import select
import signal
import struct
import termios
import time
from dataclasses import dataclass

from trouble import Trouble

ROWS, COLUMNS = 24, 80
READ_SIZE = 1 << 16
MEMORY_PERIOD = 10_000_000
"""Time between two looks at the memory of a program, in ns."""

FRESH_SIGNALS = [signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE]
"""Python ignores SIGPIPE, and nohup SIGHUP; a program would inherit that."""


@dataclass(frozen=True)
class Ended:
    """A program that has ended. Times in ns, memory in bytes."""

    wall: int
    """From before it was started until it was reaped."""
    cpu: int
    """User and system time of the program, without what started it."""
    peak_memory: int
    """Largest resident set that was seen; 0 for a program too short to be looked at."""


class Transcript:
    """What a program wrote, and when each byte was read."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._ends: list[int] = []
        self._times: list[int] = []

    def add(self, data: bytes, at: int) -> None:
        self.data += data
        self._ends.append(len(self.data))
        self._times.append(at)

    def time_of(self, text: bytes) -> int:
        """When the first occurrence of a text had been read to its end, in ns."""
        start = self.data.find(text)
        if start < 0:
            raise Trouble(f"{text!r} never came")
        return self._times[bisect.bisect_left(self._ends, start + len(text))]

    @property
    def last_time(self) -> int:
        return self._times[-1]


class Program:
    """A running program; its output comes through one descriptor, which on a terminal takes its input, too."""

    def __init__(self, arguments: list[str], environment: dict[str, str], terminal: bool) -> None:
        self.transcript = Transcript()
        self._peak_memory = 0
        self._looked_at = 0
        self._reaped = False
        self._errors = os.path.join(environment["HOME"], "stderr") if not terminal else None
        ours, theirs, actions = on_terminal() if terminal else on_pipe(self._errors)
        self.output = ours
        self.started = time.monotonic_ns()
        self.pid = os.posix_spawn(
            arguments[0], arguments, environment, file_actions=actions, setsid=terminal, setsigdef=FRESH_SIGNALS
        )
        os.close(theirs)
        self._poll = select.poll()
        self._poll.register(self.output, select.POLLIN)

    def write(self, data: bytes) -> int:
        """Types something. Returns the time just before, in ns."""
        at = time.monotonic_ns()
        os.write(self.output, data)
        return at

    def read(self, seconds: float, keep: bool = True) -> int:
        """Waits for output and reads it. Returns how much, 0 where none came in time, -1 at its end."""
        if not self._poll.poll(seconds * 1000):
            return 0
        try:
            data = os.read(self.output, READ_SIZE)
        except OSError as error:
            if error.errno != errno.EIO:  # what a terminal says when nobody has it open any more
                raise
            data = b""
        if keep and data:
            self.transcript.add(data, time.monotonic_ns())
        return len(data) or -1

    def cpu_time(self) -> int:
        """CPU time used so far by all threads, also those that ended, in ns."""
        # The clock of another process; see clock_getcpuclockid(3) for the number.
        return time.clock_gettime_ns(~self.pid << 3 | 2)

    def finish(self, keep: bool = True, seconds: float = 60) -> Ended:
        """Reads to the end of the output and reaps the program, which must have succeeded."""
        deadline = time.monotonic() + seconds
        while (count := self.read(max(0, deadline - time.monotonic()), keep)) > 0:
            self._look_at_memory()
        if count == 0:
            raise Trouble(f"it did not end within {seconds:g} s")
        _, status, usage = os.wait4(self.pid, 0)
        wall = time.monotonic_ns() - self.started
        self._reaped = True
        if status != 0:
            raise Trouble(f"it ended with status {os.waitstatus_to_exitcode(status)}: {self._last_words()}")
        return Ended(wall, round((usage.ru_utime + usage.ru_stime) * 1e9), self._peak_memory)

    def _look_at_memory(self) -> None:
        """Notes the high-water mark. That of wait4 would include the bench, in whose memory the program began."""
        now = time.monotonic_ns()
        if now - self._looked_at < MEMORY_PERIOD:
            return
        self._looked_at = now
        self._peak_memory = self.peak_memory() or self._peak_memory

    def peak_memory(self) -> int:
        """Largest resident set so far, in bytes; 0 for a program that is about to be reaped and has no memory any more."""
        try:
            with open(f"/proc/{self.pid}/status", "rb") as status:
                found = re.search(rb"VmHWM:\s*(\d+) kB", status.read())
        except ProcessLookupError:
            found = None
        return int(found[1]) * 1024 if found else 0

    def _last_words(self) -> str:
        if self._errors is None:
            return bytes(self.transcript.data[-400:]).decode(errors="replace")
        with open(self._errors, errors="replace") as errors:
            return errors.read()[-400:]

    def close(self) -> None:
        """Ends the program if it still runs."""
        if not self._reaped:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.output)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def on_pipe(errors: str) -> tuple[int, int, list[tuple]]:
    """Output to a pipe, no input, errors to a file. Our end, the program's end, and how it gets it."""
    ours, theirs = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, theirs, 1),
        (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    return ours, theirs, actions


def on_terminal() -> tuple[int, int, list[tuple]]:
    """All three streams on a terminal, which becomes the controlling one because a new session opens it first."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.ttyname(theirs), os.O_RDWR, 0),
        (os.POSIX_SPAWN_DUP2, 0, 1),
        (os.POSIX_SPAWN_DUP2, 0, 2),
    ]
    return ours, theirs, actions
