"""Officers and services, and answers kept for who asks twice."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from blanko.ground.audit.facts import Projection


class User(AbstractBaseUser):
    """Someone, or some service, in whose name things are done. Without a password nobody can log in as it."""

    table_kind: ClassVar[str] = "reference"

    username = models.TextField(unique=True, db_collation="C")
    name = models.TextField()
    title = models.TextField(default="")
    kind = models.TextField(choices=[("person", "person"), ("service", "service")], db_collation="C")
    office = models.TextField(null=True, db_collation="C")
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    objects: ClassVar[BaseUserManager[User]] = BaseUserManager()

    class Meta:
        db_table = "access_user"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(kind="person", office__isnull=False) | models.Q(kind="service", office__isnull=True),
                name="access_user_person_has_office",
            ),
        ]


class KeptAnswer(Projection):
    """The answer to a writing request that named a key: sent again, it is answered so and acts no second time.

    ``fingerprint`` tells whether it is the same request. ``event_id`` is the newest event when it was kept.
    """

    key = models.TextField(primary_key=True, db_collation="C")
    fingerprint = models.TextField(db_collation="C")
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "access_kept_answer"
