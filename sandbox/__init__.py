"""An Elsom to pay against, on this machine only: `python -m sandbox`.

It plays the operator's side of the partner protocol for development and tests, and can fail in
every way a network can. It shares no code with the product, moves no money and refuses every
address that is not a loopback one.
"""
