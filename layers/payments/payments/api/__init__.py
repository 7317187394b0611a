"""The shop's routes but the start."""
