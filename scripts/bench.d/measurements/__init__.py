"""The measurements, each a function from the lab to its figures. A new one is a file and a line here."""

from measurements.app import app
from measurements.distance import distance
from measurements.idle import idle
from measurements.interrupt import interrupt
from measurements.lag import lag
from measurements.long import long
from measurements.oneshot import oneshot
from measurements.plugin import plugin
from measurements.size import size
from measurements.start import start
from measurements.stop import stop
from measurements.thousand import thousand
from measurements.turns import turns
from measurements.why import why

ALL = {run.__name__: run for run in (start, lag, interrupt, stop, distance, oneshot, long, size, turns, thousand, why, app, plugin, idle)}

ON_REQUEST = {"idle"}
"""Only made if they are named: they take long."""
