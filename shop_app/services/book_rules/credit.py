"""The rules of gift cards and store credit."""

from __future__ import annotations

from .rule import Rule

CREDIT: tuple[Rule, ...] = ()
