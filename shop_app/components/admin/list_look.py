"""The look of lists: class names of Tailwind, under the name of the part that wears them.

A list is one real table. Below 768 pixels each of its rows is drawn as a card: first its title and what
stands at the end, then the quiet line, then the badges.
"""

from __future__ import annotations

LIST = "transition-opacity"
LIST_BUSY = "opacity-60 transition-opacity delay-150"
TABS = "no-scrollbar mb-4 flex items-end gap-5 overflow-x-auto border-b border-line"
TAB = (
    "flex min-h-10 flex-none items-center gap-2 border-b border-transparent text-sm whitespace-nowrap "
    "text-ink-2 "
    "hover:border-line-strong hover:text-ink aria-[current=page]:border-ink aria-[current=page]:text-ink "
    "focus-visible:outline-offset-[-2px]"
)
TAB_COUNT = "text-xs text-ink-3 tabular-nums"
TOOLS = "mb-4 flex flex-wrap items-center gap-2"
SEARCH = "relative w-full sm:w-64"
SEARCH_INPUT = (
    "h-11 w-full rounded-r2 border border-line-strong bg-surface px-2.5 text-base text-ink "
    "placeholder:text-ink-3 "
    "placeholder:opacity-100 hover:border-ink-2 focus-visible:border-focus "
    "focus-visible:outline-offset-[-1px] "
    "md:h-9 md:text-sm"
)
POP = "relative"
POP_PANEL = (
    "absolute start-0 top-full z-menu mt-1 grid w-72 gap-3 rounded-r2 border border-line bg-surface p-3 "
    "shadow-float "
    "max-md:fixed max-md:inset-x-3 max-md:top-auto max-md:bottom-3 max-md:w-auto max-md:max-h-[70dvh] "
    "max-md:overflow-y-auto"
)
POP_END = "md:start-auto md:end-0"
CHIP = (
    "inline-flex h-11 cursor-pointer list-none items-center rounded-s-r2 border border-e-0 "
    "border-line-strong bg-surface "
    "ps-3 pe-1 text-xs hover:bg-paper md:h-8"
)
CHIP_CLOSE = (
    "inline-grid h-11 w-9 place-items-center rounded-e-r2 border border-s-0 border-line-strong "
    "bg-surface text-ink-2 "
    "hover:text-ink md:h-8 md:w-7"
)
MENU_BUTTON = (
    "inline-flex h-11 cursor-pointer list-none items-center gap-1.5 rounded-r2 px-2.5 text-sm text-ink-2 "
    "hover:bg-sunken hover:text-ink md:h-9"
)
FILTER_ROW = (
    "flex min-h-10 cursor-pointer list-none items-center justify-between rounded-r1 px-2 hover:bg-sunken"
)
FILTER_BODY = "grid gap-3 px-2 pt-1 pb-3"
CHOICES = "grid max-h-60 gap-1 overflow-y-auto p-0.5"
TOOLS_END = "flex flex-1 items-center justify-end gap-1"
COUNT = "me-1 text-xs text-ink-2 tabular-nums whitespace-nowrap"
MOVE = "inline-grid size-7 place-items-center rounded-r1 text-ink-3 hover:bg-sunken hover:text-ink"
DENSITY = (
    "min-h-9 flex-1 rounded-r2 border border-line-strong px-2 text-xs aria-pressed:border-ink "
    "aria-pressed:bg-sunken"
)

BOX = (
    "rounded-r2 border border-line bg-surface outline-offset-2 md:max-h-[max(24rem,calc(100dvh-16rem))] "
    "md:overflow-auto"
)
TABLE = "w-full border-separate border-spacing-0 text-sm max-md:block"
HEAD = "max-md:sr-only"
TH = (
    "h-9 border-b border-line bg-surface px-3 text-start text-xs font-normal whitespace-nowrap text-ink-3 "
    "md:sticky md:top-0 md:z-1"
)
TH_RIGHT = TH.replace("text-start", "text-end")
SORT = "inline-flex min-h-6 items-center gap-1 hover:text-ink"
BODY = "max-md:block"
ROW = (
    "group/row outline-offset-[-2px] hover:bg-paper data-selected:bg-green-tint max-md:relative max-md:flex "
    "max-md:flex-wrap max-md:items-center max-md:gap-x-2 max-md:gap-y-1 max-md:border-b max-md:border-line "
    "max-md:py-3 max-md:ps-11 max-md:pe-3.5 max-md:last:border-b-0 max-md:before:order-2 "
    "max-md:before:basis-full "
    "max-md:before:content-[''] max-md:after:order-4 max-md:after:basis-full max-md:after:content-['']"
)
_TD = (
    "md:h-11 md:border-b md:border-line md:px-3 md:whitespace-nowrap md:in-[tr:last-child]:border-b-0 "
    "md:in-data-[density=compact]:h-8"
)
CELLS = {
    "title": f"{_TD} max-md:order-1 max-md:min-w-0",
    "end": f"{_TD} max-md:order-1 max-md:ms-auto",
    "line": f"{_TD} max-md:order-3 max-md:max-w-full max-md:min-w-0 max-md:text-ink-2",
    "badges": f"{_TD} max-md:order-5",
}
CELL_HIDDEN = f"{_TD} max-md:hidden"
CHECK_CELL = (
    "md:h-11 md:w-11 md:border-b md:border-line md:ps-4 md:in-[tr:last-child]:border-b-0 "
    "md:in-data-[density=compact]:h-8 max-md:absolute max-md:start-3 max-md:top-2.5"
)
RIGHT = "md:text-end tabular-nums"
CHECK_HEAD = f"{TH} w-11 ps-4"
CHECK = "tick my-px size-5 cursor-pointer align-middle"
ACTIONS_CELL = f"{CELL_HIDDEN} md:w-0 md:text-end"
ACTIONS = (
    "inline-flex gap-1 opacity-0 transition-opacity group-focus-within/row:opacity-100 "
    "group-hover/row:opacity-100"
)
LINK = (
    "underline decoration-line-strong decoration-1 underline-offset-4 hover:decoration-current "
    "max-md:font-medium"
)
TEXT = "block truncate md:max-w-72"
SUB = "block truncate text-xs text-ink-3 md:max-w-72"
PICTURE = "h-10 w-8 flex-none rounded-r1 bg-sunken object-cover"
BADGE = "inline-flex h-[22px] items-center gap-1.5 rounded-r1 pe-[7px] ps-1.5 text-xs whitespace-nowrap"

FOOT = "flex items-center justify-between gap-3 pt-3.5"
PAGE = (
    "inline-flex h-11 items-center gap-1.5 rounded-r2 px-3 text-sm text-ink-2 hover:bg-sunken "
    "hover:text-ink md:h-9"
)
BULK = (
    "sticky bottom-4 z-sticky mx-auto mt-4 flex w-max max-w-full flex-wrap items-center gap-1.5 "
    "rounded-r2 bg-ink "
    "py-1.5 ps-4 pe-2 text-paper shadow-float [&[hidden]]:hidden"
)
BULK_BUTTON = (
    "inline-flex h-9 cursor-pointer items-center gap-2 rounded-r2 px-2.5 text-sm whitespace-nowrap "
    "hover:bg-[rgb(128_128_128/.25)]"
)
NEW = (
    "mb-3 flex min-h-10 w-full items-center justify-center gap-2 rounded-r2 bg-blue-tint text-sm text-blue "
    "hover:underline"
)
JOB = "mb-3 grid gap-2 rounded-r2 border border-line bg-surface px-4 py-3"
