"""The operator's command line: `./elsom`, or `python -m cli`."""
