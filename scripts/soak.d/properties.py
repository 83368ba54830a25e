"""Runs each property of the unit tests with as many cases as fit into its share of the time."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import time

PROPERTY = re.compile(r"^ +fn (\w+)\(\s*(?:mut )?\w+ in ", re.MULTILINE)
"""A test whose arguments come from somewhere: only proptest has such."""

FIRST_CASES = 256
PATIENCE = 60
"""Seconds beyond its share after which a property is taken to hang."""


def run(root: pathlib.Path, seconds: float) -> list[str]:
    """Prints a row for each property. Returns what failed."""
    binary = build(root)
    tests = properties(root, binary)
    found = []
    until = time.monotonic() + seconds
    print(f"{'property':110} {'cases':>12} {'seconds':>8}", flush=True)
    for number, test in enumerate(tests):
        share = (until - time.monotonic()) / (len(tests) - number)
        cases, took, failure = soak(root, binary, test, share)
        print(f"{test:110} {cases:12,} {took:8.1f}", flush=True)
        if failure:
            found.append(f"{test}\n{failure}")
    return found


def build(root: pathlib.Path) -> str:
    """The unit tests, optimised and with all checks."""
    command = ["cargo", "test", "--profile", "soak", "--no-run", "--locked", "--quiet", "--bin", "heroku-chat"]
    built = subprocess.run([*command, "--message-format=json"], cwd=root, check=True, stdout=subprocess.PIPE, text=True)
    artifacts = [json.loads(line) for line in built.stdout.splitlines()]
    return next(it["executable"] for it in artifacts if it.get("executable"))


def properties(root: pathlib.Path, binary: str) -> list[str]:
    """The full names of all properties."""
    sources = (root / "src").rglob("*.rs")
    names = {name for source in sources for name in PROPERTY.findall(source.read_text())}
    listed = subprocess.run([binary, "--list", "--format=terse"], check=True, stdout=subprocess.PIPE, text=True)
    tests = [line.removesuffix(": test") for line in listed.stdout.splitlines()]
    return [test for test in tests if test.rpartition("::")[2] in names]


def soak(root: pathlib.Path, binary: str, test: str, seconds: float) -> tuple[int, float, str]:
    """Runs a property again and again. Returns how many cases held, how long that took, and what failed."""
    started = time.monotonic()
    done, cases = 0, FIRST_CASES
    while True:
        began = time.monotonic()
        left = seconds - (began - started)
        try:
            result = subprocess.run(
                [binary, "--exact", test],
                cwd=root,
                env={**os.environ, "PROPTEST_CASES": str(cases), "RUST_BACKTRACE": "0"},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=max(0, left) + PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return done, time.monotonic() - started, f"did not end, with PROPTEST_CASES={cases}"
        took = time.monotonic() - began
        if result.returncode != 0:
            return done, time.monotonic() - started, result.stdout[-3000:] + result.stderr[-1000:]
        done += cases
        left = seconds - (time.monotonic() - started)
        if left < took / 4 or left < 0.1:
            return done, time.monotonic() - started, ""
        cases = max(FIRST_CASES, min(cases * 16, int(cases / took * left * 0.9)))
