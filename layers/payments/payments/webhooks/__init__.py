"""How the shop is told: the rules of a webhook, and its sender."""
