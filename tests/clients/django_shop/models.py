"""Orders, and which events the handler was called with."""

from django.db import models


class Order(models.Model):
    number = models.CharField(max_length=20, unique=True)
    status = models.CharField(max_length=20, default="new")
    delivered = models.IntegerField(default=0)


class Call(models.Model):
    event_id = models.CharField(max_length=64)
    is_newest = models.BooleanField()
