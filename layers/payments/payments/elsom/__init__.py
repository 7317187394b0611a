"""Elsom: its words (wire) and how it is asked (client)."""
