"""The measurements, each a function from the lab to its figures. A new one is a file and a line here."""

from measurements.interrupt import interrupt
from measurements.lag import lag
from measurements.long import long
from measurements.oneshot import oneshot
from measurements.plugin import plugin
from measurements.size import size
from measurements.start import start
from measurements.thousand import thousand
from measurements.turns import turns
from measurements.why import why

ALL = {run.__name__: run for run in (start, lag, interrupt, oneshot, long, size, turns, thousand, why, plugin)}
