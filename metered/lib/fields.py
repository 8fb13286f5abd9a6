"""Model fields used by several apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from metered.lib.ids import LENGTH, new_public_id

if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField


class PublicIdField(_CharField):
    """The row's name in URLs: random, unique, never changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_length": LENGTH, "unique": True, "editable": False, "default": new_public_id}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for key in ("max_length", "unique", "editable", "default"):
            kwargs.pop(key, None)
        return name, path, args, kwargs
