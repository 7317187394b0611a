"""A small shop to try the payments with: goods, a pay button, the webhook's receiver, a live view.

stack     what it needs to know of the local stack
shop      goods, orders, and what became of them
texts     the words in three languages
pages     its pages
server    HTTP on 127.0.0.1
"""
