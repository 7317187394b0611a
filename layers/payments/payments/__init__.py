"""Elsom payments: what all functions of the bundle share."""

__version__ = "0.1.0"
