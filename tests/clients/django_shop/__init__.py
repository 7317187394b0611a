"""A small Django shop: orders, and what it does about the events of their payments."""
