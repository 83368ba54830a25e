"""What keeps a figure from being measured."""


class Trouble(Exception):
    """The program, or the machine, did not do what a measurement builds upon."""
