"""A small shop to try the payments with: goods, a pay button, the webhook's receiver, a live view.

It listens on 127.0.0.1 only. Start it with `python -m demo_shop`.
"""
