"""Chats with the program on a terminal, under Wine: python3 terminal.py WINE PROGRAM"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

PATIENCE = 60


class Chat:
    def __init__(self, *flags: str) -> None:
        self.text = ""
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(sys.argv[1], [*sys.argv[1:3], "--sandbox", *flags])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.wait("/help")
        # No byte tells when the console hands keys over, and what is typed before that is lost to it.
        while select.select([self.terminal], [], [], 2)[0]:
            os.read(self.terminal, 4096)

    def wait(self, words: str) -> None:
        """Waits for words, without the codes between them, behind those that were waited for before."""
        end = time.monotonic() + PATIENCE
        while words not in self.text:
            if time.monotonic() > end or not select.select([self.terminal], [], [], PATIENCE)[0]:
                sys.exit(f"terminal: no {words!r} in {self.text!r}")
            data = os.read(self.terminal, 4096).decode(errors="replace")
            self.text += re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|\].*?\x07)", "", data)
        self.text = self.text.split(words, 1)[1]

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def leave(self) -> None:
        self.type("\x04")
        try:
            while select.select([self.terminal], [], [], PATIENCE)[0] and os.read(self.terminal, 4096):
                pass
        except OSError:
            pass  # the terminal is closed: it has ended
        _, status = os.waitpid(self.process, 0)
        if status:
            sys.exit(f"terminal: it ended with {status}")


chat = Chat("-m", "sandbox-stall")
chat.type("go\r")
chat.wait("stalls")
chat.type("\x03")
chat.wait("is kept")
chat.leave()
print("Ctrl-C keeps the part")

chat = Chat("--continue", "-m", "sandbox-echo")
chat.type("a line\r")
chat.wait("a line")
chat.wait("tokens: ")
print("--continue goes on")
chat.type("\x1b[A")
chat.wait("a line")
print("the history has the line")
chat.type("\x15")
# The console hands over a paste as if it was typed: each line is a turn.
chat.type("pasted one\rpasted two\r")
for line in ("pasted one", "pasted two"):
    chat.wait(line)
    chat.wait("tokens: ")
print("no key of a paste is lost")
chat.type("\x15")
chat.leave()
