"""Forms: the models that submitted forms are checked against, and the State that keeps their errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Protocol

import reflex as rx
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shop_app.core.errors import Invalid, ShopError
from shop_app.core.i18n import _, plural

from .input_types import Quantity


class Form(BaseModel):
    """A submitted form: what its handler needs of it, each field with its bounds; other fields are dropped.

    The guard makes it before the handler runs. Its fields fold text and check shape and length; what needs
    the database or several fields is checked by services.
    """

    model_config = ConfigDict(frozen=True)


class FormState(rx.State, mixin=True):
    """What a page shows of a form that couldn't be taken. For `class Checkout(FormState, rx.State)`."""

    errors: dict[str, str] = {}
    """Field -> what is wrong with it, shown below the field."""
    summary: dict[str, str] = {}
    """The same as it was when the form was sent: on top of it, each line leading to its field."""
    summary_title: str = ""
    refused: str = ""
    """Why the whole form wasn't taken, where no field is to blame."""
    answers: int = 0
    """Grows with every answer: buttons stop being busy, and the summary takes the focus."""

    def _clear(self) -> None:
        """Begin anew; every handler of a form starts with this."""
        self.errors, self.summary, self.summary_title, self.refused = {}, {}, "", ""

    def _fail(self, errors: Mapping[str, str]) -> None:
        """Show what is wrong, in this order, and lead there."""
        self._clear()
        self.answers += 1
        self.errors, self.summary = dict(errors), dict(errors)
        self.summary_title = plural(
            "One thing needs your attention", "{count} things need your attention", len(errors)
        )

    def _set_error(self, field: str, sentence: str) -> None:
        """Show what is wrong with one field, by itself; "" takes it away."""
        others = {name: message for name, message in self.errors.items() if name != field}
        self.errors = others | ({field: sentence} if sentence else {})

    def _refuse(self, refusal: ShopError) -> None:
        """Show why a service didn't take the form: at its field where it names one, else on top."""
        if isinstance(refusal, Invalid) and refusal.field:
            self._fail({refusal.field: refusal.message})
        else:
            self._clear()
            self.refused, self.answers = refusal.message, self.answers + 1

    def _reject(self, error: ValidationError) -> None:
        """Show what is wrong with values that the form's model doesn't take. The guard calls this."""
        self._fail(sentences(error))


class Problem(Protocol):
    @property
    def field(self) -> str: ...
    @property
    def message(self) -> str: ...


def by_field(problems: Iterable[Problem]) -> dict[str, str]:
    """Field -> what is wrong with it, of the problems that a service has found."""
    return {problem.field: problem.message for problem in problems}


def sentences(error: ValidationError) -> dict[str, str]:
    """Field -> what is wrong with it, in words for people; of several for one field the first."""
    collected: dict[str, str] = {}
    for detail in error.errors(include_url=False, include_input=False):
        collected.setdefault(str(detail["loc"][0]), _sentence(detail["type"], detail.get("ctx", {})))
    return collected


def _sentence(kind: str, limits: Mapping[str, Any]) -> str:
    if kind == "string_too_long":
        count = limits["max_length"]
        return plural("Keep this to {count} character", "Keep this to {count} characters", count)
    return _("This can't be read. Check it.")


_LINE = re.compile(r"quantity-(\d{1,4})")
Position = Annotated[int, Field(ge=0, le=9_999)]


class LinesForm(Form):
    """A form with a number for each of an order's lines, in fields "quantity-0", "quantity-1" and so on."""

    lines: Annotated[dict[Position, Quantity], Field(max_length=200)] = {}
    """Units by the line's position."""

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        fields = ((_LINE.fullmatch(name), value) for name, value in data.items() if isinstance(name, str))
        lines = {int(field[1]): value for field, value in fields if field}
        return {name: value for name, value in data.items() if name != "lines"} | {"lines": lines}
