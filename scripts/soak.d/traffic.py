"""A long chat and many runs of `ask` beside a sandbox whose models are chosen at random, and what that leaves behind."""

from __future__ import annotations

import itertools
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from repl import Repl
from trouble import Trouble

TURNS, ASKS, AT_ONCE = 10_000, 10_000, 200
BLOCK = 100
"""Turns after which the chat is emptied, so that what it still holds is no conversation."""

GOOD = ["sandbox-echo", "sandbox-markdown", "sandbox-thinking", "sandbox-think-tag", "sandbox-openai", "sandbox-buffered"]
BAD = [
    *["sandbox-escape", "sandbox-empty", "sandbox-cut", "sandbox-error", "sandbox-garbage", "sandbox-html"],
    *["sandbox-400", "sandbox-401", "sandbox-403", "sandbox-404", "sandbox-blocked", "sandbox-redirect"],
]
RETRIED = ["sandbox-busy", "sandbox-408", "sandbox-429", "sandbox-500", "sandbox-502", "sandbox-503", "sandbox-504"]
SILENT = ["sandbox-stall", "sandbox-silent"]
"""Ended with Ctrl-C."""

KINDS, SHARES = [GOOD, BAD, RETRIED, SILENT], [70, 22, 3, 5]
STATUSES = {0, 1, 3, 130}
ANSWER_LIMIT = 120
"""Seconds within which a run of `ask` has ended."""
SETTLING = 180
"""Seconds that what was abandoned has to end: longer than any limit of an exchange."""
MIB = 1 << 20


@dataclass(frozen=True)
class Sample:
    """What a process has of the system."""

    memory: int
    threads: int
    descriptors: int

    @staticmethod
    def of(pid: int) -> Sample:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        return Sample(
            int(fields["VmRSS"].split()[0]) * 1024, int(fields["Threads"]), len(os.listdir(f"/proc/{pid}/fd"))
        )

    def __str__(self) -> str:
        return f"{self.memory / MIB:9.1f} MiB {self.threads:9} {self.descriptors:11}"


def run(binary: pathlib.Path, seconds: float, seed: int) -> list[str]:
    """Prints the figures. Returns what is wrong with them, and what went wrong."""
    with tempfile.TemporaryDirectory(prefix="heroku-chat-soak-") as folder:
        sandbox, environment = start_sandbox(binary, folder)
        try:
            return measure(binary, sandbox.pid, environment, time.monotonic() + seconds, seed)
        finally:
            sandbox.terminate()
            sandbox.wait()


def start_sandbox(binary: pathlib.Path, folder: str) -> tuple[subprocess.Popen, dict[str, str]]:
    """A sandbox, and all that a program sees of its surroundings."""
    environment = {"HOME": folder, "PATH": os.defpath, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    os.chdir(folder)  # no .env of anybody is found here
    sandbox = subprocess.Popen(
        [binary, "sandbox"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    for line in itertools.islice(sandbox.stdout, 3):
        name, _, value = line.removeprefix("export ").strip().partition("=")
        environment[name] = value
    return sandbox, environment


def measure(binary: pathlib.Path, sandbox: int, environment: dict[str, str], until: float, seed: int) -> list[str]:
    found: list[str] = []
    service = [Sample.of(sandbox)]
    asks = Asks(binary, environment, until, seed)
    with ThreadPoolExecutor(AT_ONCE) as pool, Repl([str(binary)], environment) as repl:
        workers = [pool.submit(asks.work, number) for number in range(AT_ONCE)]
        chance, chat, turns = random.Random(seed), [], 0
        try:
            # What a conversation needs is there from its first turns on.
            turns += block(repl, chance, until)
            chat.append(Sample.of(repl.program.pid))
            while time.monotonic() < until and turns < TURNS:
                turns += block(repl, chance, until)
                service.append(Sample.of(sandbox))
                chat.append(Sample.of(repl.program.pid))
        except Trouble as trouble:
            found.append(f"the chat after {turns} turns: {trouble}")
        while not all(worker.done() for worker in workers):
            repl.program.read(0.1)
        found += asks.found
        print(f"{turns:,} turns and {asks.done:,} asks: {asks.tally()}", flush=True)
        if not found:
            chat.append(settled(repl.program.pid, chat[0]))
            repl.leave()
    service.append(settled(sandbox, service[0]))
    return found + report("chat", chat) + report("sandbox", service)


def block(repl: Repl, chance: random.Random, until: float) -> int:
    """Some turns, after which the conversation is dropped. Returns how many."""
    model = ""
    for number in range(BLOCK):
        if time.monotonic() > until:
            return number
        kind = chance.choices(KINDS, SHARES)[0]
        if (chosen := chance.choice(kind)) != model and chance.random() < 0.5 or not model:
            repl.command(f"/model {chosen}")
            model = chosen
        repl.type(f"turn {number}")
        repl.enter()
        if model in SILENT or model in RETRIED:
            repl.watch(chance.random() / 5)
            stop(repl)
        else:
            repl.wait_for_prompt(below=True)
        if model not in GOOD:
            repl.clear_line()
    repl.command("/clear")
    repl.settle()
    return BLOCK


def stop(repl: Repl) -> None:
    """Presses Ctrl-C until it helps: before the turn begins it is a key of the editor."""
    for _ in range(5):
        repl.interrupt()
        try:
            repl.wait_for_prompt(below=True)
            return
        except Trouble as last:
            trouble = last
    raise trouble


class Asks:
    """Runs of `ask`, many at once."""

    def __init__(self, binary: pathlib.Path, environment: dict[str, str], until: float, seed: int) -> None:
        self.binary, self.environment, self.until, self.seed = binary, environment, until, seed
        self.done, self.found = 0, []
        self._statuses: dict[int, int] = {}
        self._lock = threading.Lock()

    def work(self, number: int) -> None:
        chance = random.Random(self.seed * 1000 + number)
        while time.monotonic() < self.until and not self.found:
            with self._lock:
                if self.done >= ASKS:
                    return
                self.done += 1
            model = chance.choice(chance.choices(KINDS, SHARES)[0])
            self.judge(model, *self.ask(model, chance))

    def ask(self, model: str, chance: random.Random) -> tuple[int, str, str]:
        """Asks once. Its status, answer and errors."""
        ask = subprocess.Popen(
            [self.binary, "ask", "-m", model, "how are you?"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        with ask:
            try:
                limit = chance.uniform(0.5, 2) if model in SILENT else ANSWER_LIMIT
                return self.ended(ask, limit)
            except subprocess.TimeoutExpired:
                ask.send_signal(signal.SIGINT)
            try:
                return self.ended(ask, ANSWER_LIMIT)
            except subprocess.TimeoutExpired:
                ask.kill()
                return -signal.SIGKILL, "", "it did not end"

    @staticmethod
    def ended(ask: subprocess.Popen, limit: float) -> tuple[int, str, str]:
        answer, errors = ask.communicate(timeout=limit)
        return ask.returncode, answer, errors

    def judge(self, model: str, status: int, answer: str, errors: str) -> None:
        expected = {0} if model in GOOD else {130} if model in SILENT else STATUSES - {130}
        key = self.environment["INFERENCE_KEY"]
        if status not in expected or (model in GOOD and not answer.strip()) or "panicked" in errors or key in errors:
            self.found.append(f"ask -m {model}: status {status}, {answer[-200:]!r}, {errors[-600:]!r}")
        with self._lock:
            self._statuses[status] = self._statuses.get(status, 0) + 1

    def tally(self) -> str:
        return ", ".join(f"{count:,} with status {status}" for status, count in sorted(self._statuses.items()))


def settled(pid: int, wanted: Sample) -> Sample:
    """What a process has once what was abandoned has ended, or should have."""
    until = time.monotonic() + SETTLING
    while (sample := Sample.of(pid)) and time.monotonic() < until:
        if sample.threads <= wanted.threads and sample.descriptors <= wanted.descriptors:
            break
        time.sleep(0.5)
    return sample


def report(name: str, samples: list[Sample]) -> list[str]:
    """Prints start, middle and end, and says what has grown."""
    if len(samples) < 3:
        return [f"{name}: too little was done to tell whether it grows"]
    first, middle, last = samples[0], samples[len(samples) // 2], samples[-1]
    print(f"{name:10} {'memory':>13} {'threads':>9} {'descriptors':>11}")
    for moment, sample in [("start", first), ("middle", middle), ("end", last)]:
        print(f"  {moment:8} {sample}", flush=True)
    found = []
    if last.memory > middle.memory * 1.1 + 4 * MIB:
        found.append(f"{name}: memory grows, from {middle.memory / MIB:.1f} to {last.memory / MIB:.1f} MiB")
    if last.threads > first.threads:
        found.append(f"{name}: {last.threads - first.threads} threads too many at the end")
    if last.descriptors > first.descriptors:
        found.append(f"{name}: {last.descriptors - first.descriptors} descriptors too many at the end")
    return found
