"""Elsom payments: what all functions of the bundle share."""

import gc

# The bundle's version, written down here alone; the client names the version that it goes with.
__version__ = "1.0.0"

# A start imports thousands of objects and drops none: not to look for garbage every 2,000 of them
# saves a twentieth of its CPU. What invocations leave is still collected, in larger portions.
gc.set_threshold(100_000)
