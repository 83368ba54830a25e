"""The chat on a terminal, as somebody uses it who types and watches."""

from __future__ import annotations

import re
import time
from typing import Callable

from program import Program
from trouble import Trouble

CONTROL_C, CONTROL_D, CONTROL_U, ENTER = b"\x03", b"\x04", b"\x15", b"\r"
CONTROL_SEQUENCE = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")
PROMPT = re.compile(rb"[\r\n]> ")
QUIET = 0.03
"""Seconds without output after which a screen is taken to be complete."""


class Repl:
    """A chat, waiting at its first prompt."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.home = environment["HOME"]
        self.program = Program(arguments, environment, terminal=True)
        self._since = 0
        try:
            self.ready = self.wait_for_prompt()
            """When the first prompt had been read, in ns."""
        except Trouble:
            self.program.close()
            raise

    def type(self, text: str) -> None:
        """Types at the prompt and waits for the echo."""
        self._mark()
        self.program.write(text.encode())
        self.wait_for_text(text)

    def enter(self) -> int:
        """Presses Enter. Returns when, in ns."""
        self._mark()
        return self.program.write(ENTER)

    def command(self, line: str) -> int:
        """Types a slash command, whose echo has hints in it, and waits for the next prompt. When it came, in ns."""
        self._mark()
        self.program.write(line.encode() + ENTER)
        return self.wait_for_prompt(below=True)

    def interrupt(self) -> int:
        """Presses Ctrl-C. Returns when, in ns."""
        self._mark()
        return self.program.write(CONTROL_C)

    def clear_line(self) -> None:
        """Empties the prompt, which offers a question without an answer again."""
        self.program.write(CONTROL_U)
        self.settle()

    def wait_for_prompt(self, below: bool = False) -> int:
        """Waits for the prompt to be shown since the last key, and on a line below that one if asked. When, in ns."""
        return self._wait_until(lambda: self._shows_prompt(below), "prompt")

    def wait_for_text(self, text: str) -> int:
        """Waits for a text to be shown since the last key. When, in ns."""
        return self._wait_until(lambda: text.encode() in self._shown(), repr(text))

    def watch(self, seconds: float) -> None:
        """Reads what comes for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.program.read(left)

    def is_at_prompt(self) -> bool:
        """Whether a prompt was shown since Enter."""
        return self._shows_prompt(below=True)

    def settle(self) -> None:
        """Reads until nothing comes any more."""
        while self.program.read(QUIET) > 0:
            pass

    def leave(self) -> None:
        """Ends the chat with Ctrl-D."""
        self.settle()
        self.program.write(CONTROL_D)
        self.program.finish()

    def _mark(self) -> None:
        """Looks only at what comes from now on."""
        while self.program.read(0) > 0:
            pass
        self._since = len(self.program.transcript.data)

    def _shown(self) -> bytes:
        return CONTROL_SEQUENCE.sub(b"", bytes(self.program.transcript.data[self._since :]))

    def _shows_prompt(self, below: bool) -> bool:
        shown = self._shown()
        _, newline, lower = shown.partition(b"\n")
        return PROMPT.search(newline + lower if below else b"\n" + shown) is not None

    def _wait_until(self, is_shown: Callable[[], bool], what: str, seconds: float = 10) -> int:
        deadline = time.monotonic() + seconds
        while not is_shown():
            if self.program.read(max(0, deadline - time.monotonic())) <= 0:
                raise Trouble(f"no {what} came; on the screen: {self._shown()[-200:]!r}")
        return self.program.transcript.last_time

    def __enter__(self) -> Repl:
        return self

    def __exit__(self, *_: object) -> None:
        self.program.close()
