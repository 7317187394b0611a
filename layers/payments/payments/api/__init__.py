"""The shop's routes except the start."""
