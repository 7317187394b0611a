"""A local AWS with the product deployed on it, and an Elsom sandbox beside it."""

from tools.local.cloud import LocalCloud, LocalCloudError
from tools.local.processes import free_port

__all__ = ["LocalCloud", "LocalCloudError", "free_port"]
