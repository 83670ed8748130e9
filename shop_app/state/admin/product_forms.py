"""What the page of a product sends: its changes as JSON in parts, since one text of an event is bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from shop_app.core.errors import Invalid
from shop_app.core.i18n import _
from shop_app.services.catalog.makers import MAX_LINE, MAX_LINES, MakerDetails
from shop_app.services.catalog.product_changes import Changes, OptionChange, RowChange, Structure
from shop_app.services.catalog.product_draft import MAX_OPTIONS, MAX_TEXT, MAX_VARIANTS
from shop_app.services.catalog.product_fields import CELLS, FIELDS

from ..forms import Form
from ..input_types import Count, LongText, ShortText

_PART = re.compile(r"part-(\d{1,3})")
MAX_PARTS = 100
Part = Annotated[str, Field(max_length=12_000)]
PartNumber = Annotated[int, Field(ge=0, lt=MAX_PARTS)]


class PartsForm(Form):
    """A JSON in fields "part-0", "part-1" and so on."""

    parts: Annotated[dict[PartNumber, Part], Field(max_length=MAX_PARTS)] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        fields = ((_PART.fullmatch(name), text) for name, text in data.items() if isinstance(name, str))
        return {"parts": {int(field[1]): text for field, text in fields if field}}


def changes_in(parts: Mapping[int, str]) -> Changes:
    """Errors  Invalid for what no page of ours sends."""
    return _read(parts, _SENT).changes()


def text_in(parts: Mapping[int, str]) -> str:
    """Errors  Invalid, as above."""
    return _read(parts, _TEXT)


def _read(parts: Mapping[int, str], kind: TypeAdapter[Any]) -> Any:
    try:
        return kind.validate_python(json.loads("".join(parts[at] for at in sorted(parts))))
    except (ValidationError, ValueError, RecursionError):
        raise Invalid(_("These changes can't be read. Load the page again.")) from None


def _known(names: Any) -> AfterValidator:
    def check(name: str) -> str:
        if name not in names:
            raise ValueError("no field of ours")
        return name

    return AfterValidator(check)


_Long = Annotated[str, Field(max_length=MAX_TEXT)]
_Short = Annotated[str, Field(max_length=300)]
_Key = Annotated[str, Field(pattern=r"^(?:[1-9][0-9]{0,15}|n[0-9]{1,6})\z", max_length=20)]
_Field = Annotated[str, _known(FIELDS)]
_Cell = Annotated[str, _known(CELLS)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class _Row(_Sent):
    key: _Key
    cells: dict[_Cell, tuple[_Short, _Short]] = {}
    values: Annotated[list[_Short], Field(max_length=MAX_OPTIONS)] = []

    def change(self) -> RowChange:
        return RowChange(self.key, self.cells, tuple(self.values))


class _Option(_Sent):
    was: _Short = ""
    name: _Short
    values: Annotated[list[tuple[_Short, _Short, _Short]], Field(max_length=MAX_VARIANTS)]

    def change(self) -> OptionChange:
        return OptionChange(self.was, self.name, tuple(self.values))


class _Structure(_Sent):
    seal: _Short
    options: Annotated[list[_Option], Field(max_length=MAX_OPTIONS)]
    rows: Annotated[list[_Row], Field(max_length=2 * MAX_VARIANTS)]

    def change(self) -> Structure:
        options = tuple(option.change() for option in self.options)
        return Structure(self.seal, options, tuple(row.change() for row in self.rows))


class _SentChanges(_Sent):
    fields: dict[_Field, tuple[_Long, _Long]] = {}
    variants: Annotated[list[_Row], Field(max_length=2 * MAX_VARIANTS)] = []
    structure: _Structure | None = None

    def changes(self) -> Changes:
        structure = self.structure.change() if self.structure else None
        return Changes(self.fields, tuple(row.change() for row in self.variants), structure)


_SENT = TypeAdapter(_SentChanges)
_TEXT = TypeAdapter(_Long)


class NewProductForm(Form):
    title: ShortText = ""


class AskForm(Form):
    """A code that somebody types, to hear whether it is free."""

    kind: ShortText = ""
    key: ShortText = ""
    code: ShortText = ""


class MakerForm(Form):
    was: ShortText = ""
    name: Annotated[LongText, Field(max_length=MAX_LINE)] = ""
    address: Annotated[LongText, Field(max_length=MAX_LINES)] = ""
    contact: Annotated[LongText, Field(max_length=MAX_LINE)] = ""
    responsible_name: Annotated[LongText, Field(max_length=MAX_LINE)] = ""
    responsible_address: Annotated[LongText, Field(max_length=MAX_LINES)] = ""
    responsible_contact: Annotated[LongText, Field(max_length=MAX_LINE)] = ""
    version: Count = 0

    def details(self) -> MakerDetails:
        return MakerDetails(**self.model_dump(exclude={"was"}))
