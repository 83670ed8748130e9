"""The look of a product's page in the back office; the script of its sheet is given these names too."""

from __future__ import annotations

from .. import styles
from . import look

COLUMNS = "grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[minmax(0,1fr)_320px]"
STACK = "grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4"
RADIO = "flex min-h-9 cursor-pointer items-center gap-2.5 max-md:min-h-11"
RADIO_MARK = "size-5 flex-none accent-[var(--green)]"
OPENS = "hidden pt-2 group-has-[[value=scheduled]:checked]:block"
ANSWER = "text-xs text-coral empty:hidden"
CHECK_LINE = "flex items-start gap-2.5 py-1"
CHECK_ICONS = {
    "done": "icon mt-0.5 size-4 flex-none text-green",
    "hint": "icon mt-0.5 size-4 flex-none text-amber",
    "stop": "icon mt-0.5 size-4 flex-none text-coral",
}
CONFLICTS = "mb-4 rounded-r2 border border-s-4 border-amber bg-surface px-4 py-3"
CONFLICT = "grid gap-1 border-t border-line py-2.5 first:border-t-0 sm:grid-cols-[160px_1fr_auto] sm:gap-4"
SEARCH_RESULT = "grid gap-0.5 rounded-r2 border border-line p-4"

_FIELD_WIDE = f"{look.INPUT} data-touched:border-green"
_CELL = (
    "h-9 w-full min-w-36 rounded-r2 border border-line-strong bg-surface px-2 text-base text-ink "
    "placeholder:text-ink-3 placeholder:opacity-100 hover:border-ink-2 focus-visible:border-focus "
    "focus-visible:outline-offset-[-1px] aria-invalid:border-coral data-touched:border-green "
    "disabled:border-line disabled:bg-sunken disabled:text-ink-3 md:h-8 md:text-sm"
)
_TINY = (
    "grid size-8 flex-none cursor-pointer place-items-center rounded-r2 text-ink-2 hover:bg-sunken "
    "hover:text-ink disabled:cursor-not-allowed disabled:text-line-strong"
)
_CARD = (
    "relative max-md:grid max-md:grid-cols-2 max-md:gap-x-3 max-md:gap-y-1.5 max-md:border-b "
    "max-md:border-line max-md:p-4"
)
SHEET = {
    "status": "px-4 py-2 text-xs text-ink-3 empty:hidden",
    "sr": styles.SR,
    "options": "border-b border-line",
    "optionsBox": "group",
    "optionsHead": (
        "flex min-h-11 cursor-pointer items-center px-4 py-2 text-ink-2 hover:text-ink "
        "before:me-2 before:content-['+'] group-open:before:content-['−']"
    ),
    "optionsBody": "grid gap-4 px-4 pb-4",
    "option": "grid max-w-[560px] content-start gap-1.5 rounded-r2 border border-line p-3",
    "optionHead": "flex items-center gap-1",
    "optionName": f"{_CELL} font-medium",
    "values": "grid gap-1",
    "valueRow": "grid grid-cols-[16px_minmax(0,1fr)_88px_auto_auto_auto] items-center gap-1",
    "value": _CELL.replace("min-w-36", "min-w-0"),
    "colour": _CELL.replace("min-w-36", "min-w-0"),
    "newValue": f"{_CELL} border-dashed",
    "tiny": _TINY,
    "small": (
        "h-9 cursor-pointer rounded-r2 border border-line-strong bg-surface px-3 text-sm font-medium "
        "hover:border-ink disabled:cursor-not-allowed disabled:border-line disabled:text-ink-3"
    ),
    "tools": "flex flex-wrap items-center gap-2 px-4 py-3",
    "search": f"{_CELL} max-w-[200px] flex-1",
    "views": "flex rounded-r2 border border-line-strong p-0.5",
    "view": (
        "h-8 cursor-pointer rounded-r1 px-2.5 text-sm text-ink-2 hover:text-ink aria-pressed:bg-sunken "
        "aria-pressed:text-ink"
    ),
    "box": "relative overflow-x-auto",
    "table": "w-full border-collapse text-sm max-md:block",
    "thead": "max-md:sr-only",
    "tbody": "max-md:block",
    "th": (
        "h-9 border-b border-line px-2 text-start text-xs font-normal whitespace-nowrap text-ink-3 "
        "first:ps-4 last:pe-4"
    ),
    "tr": _CARD,
    "off": f"{_CARD} text-ink-3",
    "gone": f"{_CARD} text-ink-3 line-through",
    "checkCell": (
        "h-11 border-b border-line ps-4 pe-2 max-md:absolute max-md:start-4 max-md:top-3.5 max-md:h-auto "
        "max-md:border-0 max-md:p-0"
    ),
    "name": (
        "border-b border-line px-2 whitespace-nowrap max-md:col-span-2 max-md:border-0 max-md:ps-8 "
        "max-md:pe-10 max-md:pb-1 max-md:whitespace-normal max-md:font-medium"
    ),
    "dot": "me-1.5 inline-block size-3 rounded-full border border-line align-[-1px]",
    "state": "ms-2 inline-block text-xs text-green no-underline",
    "cell": (
        "border-b border-line px-1 py-1 align-top data-picked:bg-green-tint max-md:border-0 max-md:p-0 "
        "max-md:pb-2"
    ),
    "flagCell": (
        "border-b border-line px-2 text-center data-picked:bg-green-tint max-md:flex max-md:items-center "
        "max-md:gap-2 max-md:border-0 max-md:p-0 max-md:pb-2 max-md:text-start"
    ),
    "cellLabel": "me-1.5 text-xs text-ink-3 md:hidden",
    "input": _CELL,
    "amount": _CELL.replace("min-w-36", "min-w-20") + " text-end tabular-nums",
    "check": "size-5 flex-none cursor-pointer accent-[var(--green)] align-middle",
    "problem": "block max-w-44 pt-0.5 text-xs text-coral",
    "note": "block max-w-44 pt-0.5 text-xs text-amber",
    "margin": "border-b border-line px-2 text-end tabular-nums max-md:border-0 max-md:p-0 max-md:text-start",
    "stock": (
        "border-b border-line px-2 text-end whitespace-nowrap tabular-nums max-md:border-0 max-md:p-0 "
        "max-md:text-start"
    ),
    "tones": {"": "text-ink-2", "amber": "text-amber", "coral": "text-coral"},
    "link": "underline decoration-line-strong underline-offset-4",
    "actCell": (
        "border-b border-line ps-1 pe-3 max-md:absolute max-md:end-3 max-md:top-2 max-md:border-0 max-md:p-0"
    ),
    "act": _TINY,
    "pager": "flex flex-wrap items-center gap-2 px-4 py-3 text-xs text-ink-3",
    "single": "grid gap-4 p-4 sm:grid-cols-2",
    "field": _FIELD_WIDE,
    "fieldBox": "grid content-start gap-1.5",
    "label": look.LABEL,
    "flagField": "flex min-h-9 items-center gap-2.5",
    "flagLabel": "cursor-pointer",
    "fact": "text-sm text-ink-2",
    "bulk": "sticky bottom-4 z-sticky px-4 empty:hidden",
    "bulkBar": (
        "mx-auto my-3 flex w-fit max-w-full flex-wrap items-center gap-2 rounded-r2 bg-ink px-3 py-2 "
        "text-paper shadow-float"
    ),
    "bulkCount": "pe-1",
    "bulkSelect": "h-9 rounded-r2 border border-ink-3 bg-ink px-2 text-sm text-paper",
    "bulkInput": (
        "h-9 w-32 rounded-r2 border border-ink-3 bg-ink px-2 text-sm text-paper placeholder:text-line-strong"
    ),
    "bulkButton": "h-9 cursor-pointer rounded-r2 px-3 text-sm hover:bg-[rgb(128_128_128/.25)]",
}
