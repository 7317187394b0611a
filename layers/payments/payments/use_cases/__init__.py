"""One module for each function's work, named like the function."""
