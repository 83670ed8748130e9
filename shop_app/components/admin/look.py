"""The look of the back office: class names of Tailwind, under the name of the part that wears them."""

from __future__ import annotations

# --- Frame ---
DESK = "min-h-dvh bg-paper text-sm text-ink md:grid md:grid-cols-[224px_minmax(0,1fr)]"
SIDE = "sticky top-0 hidden h-dvh flex-col gap-0.5 overflow-y-auto bg-paper px-3 py-4 md:flex print:hidden"
SIDE_LOGO = "truncate px-2.5 pt-0.5 pb-4 font-serif text-[22px] leading-7"
SIDE_SHEET = (
    "fixed inset-y-0 start-0 end-auto m-0 h-dvh max-h-none w-[84%] max-w-[320px] flex-col gap-0.5 "
    "overflow-y-auto "
    "border-0 border-e border-line bg-paper p-3 text-ink backdrop:bg-scrim open:flex"
)
SIDE_LINK = (
    "flex min-h-11 items-center gap-2.5 rounded-r2 px-2.5 text-ink-2 hover:bg-sunken hover:text-ink "
    "md:min-h-9 "
    "aria-[current=page]:bg-sunken aria-[current=page]:font-medium aria-[current=page]:text-ink"
)
SIDE_ICON = "icon size-[18px] flex-none"
SIDE_COUNT = "ms-auto text-xs font-normal tabular-nums"
SIDE_FOOT = "px-2.5 pt-1.5 text-[12px] leading-4 text-ink-3"
SIDE_HEAD = "px-2.5 pt-4 pb-1.5 text-[12px] leading-4 text-ink-3"
AVATAR = (
    "grid size-7 flex-none place-items-center rounded-full bg-green-tint text-[12px] font-medium text-green"
)
COLUMN = "min-w-0 border-line md:border-s"
TOP = (
    "sticky top-0 z-sticky flex h-14 items-center gap-0.5 border-b border-line bg-paper px-2 md:gap-2 "
    "md:px-7 "
    "print:hidden"
)
FIND = (
    "flex h-9 min-w-0 flex-1 items-center gap-2.5 rounded-r2 px-2 text-start text-ink-3 md:max-w-[340px] "
    "md:border md:border-line-strong md:bg-surface md:hover:border-ink"
)
MAIN = "mx-auto max-w-[1240px] px-4 pt-4 pb-16 outline-none md:mx-0 md:px-7 md:pt-6 print:p-0"
HEAD = "mb-5 flex min-h-9 flex-wrap items-center justify-between gap-3"
HEAD_TITLES = "flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1.5"
TITLE = "text-[22px] leading-7 font-medium tracking-[-.01em] outline-none break-words"
BACK = "mb-2 inline-flex min-h-6 items-center gap-1.5 text-ink-2 hover:text-ink"
ALERT_DOT = "absolute end-2 top-2 size-2 rounded-full bg-coral"

# --- Parts ---
PANEL = "min-w-0 rounded-r2 border border-line bg-surface"
PANEL_HEAD = "flex min-h-12 flex-wrap items-center justify-between gap-x-3 gap-y-1.5 px-4 pt-3 pb-2.5"
PANEL_TITLE = "text-md leading-5 font-medium"
PANEL_BODY = "px-4 pb-4"
PANEL_NOTE = "text-xs text-ink-3"
TWO = "grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_320px]"
STACK = "grid min-w-0 gap-4"
FACTS = "grid gap-2"
FACT = "flex flex-wrap justify-between gap-x-4"
FACT_NAME = "text-ink-2"
TABLE_BOX = "relative overflow-x-auto"
TABLE = "w-full border-collapse text-sm"
TH = (
    "h-9 border-b border-line bg-surface px-3 text-start text-xs font-normal whitespace-nowrap "
    "text-ink-3 first:ps-4 last:pe-4"
)
TH_END = (
    "h-9 border-b border-line bg-surface px-3 text-end text-xs font-normal whitespace-nowrap "
    "text-ink-3 first:ps-4 last:pe-4"
)
TD = "h-11 border-b border-line px-3 first:ps-4 last:pe-4 in-[tr:last-child]:border-b-0"
EMPTY = "grid justify-items-start gap-2 px-4 py-8"
INPUT = (
    "h-11 w-full rounded-r2 border border-line-strong bg-surface px-2.5 text-base text-ink transition-colors "
    "placeholder:text-ink-3 placeholder:opacity-100 hover:border-ink-2 focus-visible:border-focus "
    "focus-visible:outline-offset-[-1px] aria-invalid:border-coral aria-invalid:ring-1 "
    "aria-invalid:ring-coral "
    "aria-invalid:ring-inset disabled:border-line disabled:bg-sunken disabled:text-ink-3 md:h-9 md:text-sm"
)
TEXTAREA = (
    "min-h-24 w-full resize-y rounded-r2 border border-line-strong bg-surface px-2.5 py-2 text-base text-ink "
    "placeholder:text-ink-3 hover:border-ink-2 focus-visible:border-focus "
    "focus-visible:outline-offset-[-1px] "
    "aria-invalid:border-coral md:text-sm"
)
LABEL = "text-xs font-medium"
FIELDS = "grid gap-4"
FIELDS_TWO = "grid gap-4 sm:grid-cols-2"
MENU = (
    "absolute end-0 top-full z-menu mt-1 grid min-w-52 gap-px rounded-r2 border border-line bg-surface "
    "p-1 shadow-float"
)
MENU_ITEM = (
    "flex min-h-10 w-full cursor-pointer items-center gap-2.5 rounded-r1 px-2.5 text-start text-sm "
    "hover:bg-sunken "
    "disabled:cursor-not-allowed disabled:text-ink-3 md:min-h-9"
)
KEYS = "ms-auto ps-4 text-xs text-ink-3 max-md:hidden"

# --- Save bar ---
SAVE = (
    "sticky top-0 z-toast hidden min-h-14 items-center justify-between gap-3 bg-ink px-3 py-2 text-paper "
    "in-data-changed:flex md:px-7 dark:bg-paper dark:text-ink dark:border-b dark:border-line-strong"
)
SAVE_TEXT = "min-w-0 text-sm"
SAVE_DISCARD = "h-9 rounded-r2 px-3 text-sm hover:bg-[rgb(128_128_128/.25)]"
SAVE_BUTTON = "h-9 rounded-r2 bg-paper px-4 text-sm font-medium text-ink dark:bg-green dark:text-on-green"

# --- Palette ---
PALETTE = (
    "fixed top-3 left-1/2 m-0 max-h-[min(560px,calc(100dvh-24px))] w-[min(640px,calc(100%-24px))] max-w-none "
    "-translate-x-1/2 flex-col overflow-hidden rounded-r3 border border-line bg-surface p-0 text-md text-ink "
    "shadow-float backdrop:bg-scrim open:flex md:top-24"
)
PALETTE_HEAD = "flex h-14 flex-none items-center gap-3 border-b border-line px-[18px]"
PALETTE_INPUT = (
    "h-full min-w-0 flex-1 border-0 bg-transparent text-[17px] outline-none placeholder:text-ink-3"
)
PALETTE_LIST = "min-h-0 flex-1 overflow-y-auto pb-2"
PALETTE_GROUP = "px-[18px] pt-3 pb-1 text-xs text-ink-3"
PALETTE_ROW = (
    "mx-2 flex min-h-10 w-[calc(100%-16px)] cursor-pointer items-center gap-3 rounded-r2 px-2.5 py-1.5 "
    "text-start "
    "aria-selected:bg-green-tint hover:bg-sunken"
)
PALETTE_END = "ms-auto truncate ps-3 text-xs text-ink-3"
PALETTE_FOOT = "flex flex-none gap-4 border-t border-line px-[18px] py-2.5 text-xs text-ink-3 max-md:hidden"
