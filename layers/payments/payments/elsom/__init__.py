"""Elsom: its messages (protocol), how a call can end (gateway), and the calls (client)."""
