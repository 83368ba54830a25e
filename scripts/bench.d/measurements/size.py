"""How large the program is."""

from __future__ import annotations

from figures import Figure
from lab import Lab

TARGET = 7.0


def size(lab: Lab) -> list[Figure]:
    """bytes of the binary, in MB of a million"""
    return [Figure("binary", "MB", [lab.binary.stat().st_size / 1e6], at_most=TARGET)]
