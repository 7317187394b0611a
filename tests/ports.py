"""Free ports on 127.0.0.1, chosen as `make run` chooses them."""

from tools.local.processes import free_port

__all__ = ["free_port"]
