"""Webhooks to the shop: their rules, and their sender."""
