"""The place where measurements are made: the program, the service, an own home, and the commands to compare."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import Callable, TypeVar

from program import Program
from repl import Repl
from service import Service

KEY = "inf-00000000-0000-4000-8000-00000000c0de"
"""No secret: a dummy in the form of a Managed Inference key."""

PROMPT = "hi"

COLD = "--no-warm"

Result = TypeVar("Result")


class Lab:
    """Owns the service and a temporary folder; a context manager."""

    def __init__(self, binary: pathlib.Path) -> None:
        self.binary = binary
        self.curl = shutil.which("curl")
        self._load = os.getloadavg()[0]
        self.service = Service()
        self._folder = tempfile.TemporaryDirectory(prefix="heroku-chat-bench-")
        os.chdir(self._folder.name)  # no .env of anybody is found here
        self._homes = 0

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop()
        os.chdir("/")
        self._folder.cleanup()

    def environment(self, model: str) -> dict[str, str]:
        """All that a program sees of its surroundings: a new home, a terminal, and the config vars."""
        self._homes += 1
        home = os.path.join(self._folder.name, f"home-{self._homes}")
        os.mkdir(home)
        return {
            "HOME": home,
            "PATH": os.defpath,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "INFERENCE_URL": self.service.url,
            "INFERENCE_KEY": KEY,
            "INFERENCE_MODEL_ID": model,
        }

    def cold(self) -> tuple[str, ...]:
        """The flags with which a chat connects when a prompt is sent, and not before."""
        found = subprocess.run([self.binary, "--help"], capture_output=True, text=True, check=False)
        return (COLD,) if COLD in found.stdout else ()

    def repl(self, model: str, *flags: str) -> Repl:
        """A chat at its first prompt."""
        self.service.forget()
        return Repl([str(self.binary), *flags], self.environment(model))

    def ask(self, model: str, terminal: bool = False) -> Program:
        """`heroku-chat ask hi`."""
        self.service.forget()
        return Program([str(self.binary), "ask", PROMPT], self.environment(model), terminal)

    def fetch(self, model: str, terminal: bool = False) -> Program:
        """The same request with curl, which shows the stream as it comes."""
        self.service.forget()
        return Program(self.fetch_command(model), self.environment(model), terminal)

    def fetch_command(self, model: str) -> list[str]:
        """The command of that."""
        body = {"model": model, "messages": [{"role": "user", "content": PROMPT}], "stream": True}
        headers = [f"Authorization: Bearer {KEY}", "Content-Type: application/json", "Accept: text/event-stream"]
        arguments = [self.curl, "-sN", f"{self.service.url}/v1/chat/completions", "-d", json.dumps(body)]
        for header in headers:
            arguments += ["-H", header]
        return arguments

    def with_curl(self, ours: dict[str, Callable], curls: dict[str, Callable]) -> dict[str, Callable]:
        """Contenders, those of curl only where there is one."""
        return {**ours, **(curls if self.curl else {})}

    def conditions(self) -> dict[str, object]:
        """What a reader has to know to judge the figures."""
        version = subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=False)
        return {"program": version.stdout.strip(), "cores": os.cpu_count(), "load before": round(self._load, 2)}


def alternate(contenders: dict[str, Callable[[], Result]], rounds: int, warm_up: int = 1) -> dict[str, list[Result]]:
    """Runs all contenders in every round, in turning order, so that a busy moment of the machine hits each alike."""
    results: dict[str, list[Result]] = {name: [] for name in contenders}
    order = list(contenders)
    for number in range(-warm_up, rounds):
        for name in order:
            result = contenders[name]()
            if number >= 0:
                results[name].append(result)
        order.reverse()
    return results


def milliseconds(nanoseconds: list[int]) -> list[float]:
    return [value / 1e6 for value in nanoseconds]
