"""Elsom: its messages (protocol), how a call to it can end (gateway), and the calls (client)."""
