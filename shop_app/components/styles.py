"""The classes of every part that both the reactive pages and the served HTML draw; plain strings, no Reflex.

Tailwind reads this file for class names, so they stand here whole, never glued together.
"""

WRAP = "mx-auto w-full max-w-page px-gutter"
SR = "sr-only"
ICON = "icon size-5"
ICON_S = "icon size-4"
LINK = (
    "py-[3px] underline decoration-line-strong decoration-1 underline-offset-4 transition-colors "
    "hover:decoration-current"
)
EYEBROW = "text-xs text-ink-3"
D2 = "font-serif text-d2"
D3 = "font-serif text-d3"
D4 = "font-serif text-d4"

# The frame of a page
SKIP = "absolute start-4 -top-16 z-toast bg-surface px-4 py-2.5 focus:top-2"
UTILITY = "border-b border-line text-xs text-ink-2"
UTILITY_ROW = "mx-auto flex w-full max-w-page justify-between gap-6 px-gutter py-[7px] md:py-[5px]"
UTILITY_SIDE = "flex items-center gap-6"
UTILITY_SECOND = "hidden md:inline"
UTILITY_END = "hidden items-center gap-6 md:flex"
UTILITY_LINK = "py-[3px] underline-offset-4 hover:text-ink hover:underline"
HEAD = "head relative z-menu"
HEAD_GROUND = "relative bg-paper"
PLAIN_HEAD = "border-b border-line"
PLAIN_HEAD_ROW = "mx-auto flex h-15 w-full max-w-page items-center justify-between px-gutter md:h-18"
HEAD_ROW = (
    "mx-auto grid w-full max-w-page grid-cols-[44px_minmax(0,1fr)_auto] items-center gap-x-1 gap-y-2 "
    "px-gutter pt-2 pb-3 md:grid-cols-[auto_minmax(0,1fr)_auto] md:gap-5 md:py-[18px] "
    "wide:grid-cols-[minmax(200px,1fr)_minmax(320px,520px)_minmax(200px,1fr)] "
    "wide:gap-8"
)
MENU_BUTTON = (
    "-ms-2.5 grid size-11 place-items-center rounded-r2 text-ink-2 hover:bg-sunken hover:text-ink md:hidden"
)
LOGO = (
    "justify-self-start whitespace-nowrap font-serif text-[26px] leading-8 tracking-[-.015em] md:text-[28px]"
)
SEARCH = "search relative order-5 col-span-full flex items-center md:order-none md:col-span-1"
SEARCH_ICON = "icon pointer-events-none absolute start-3.5 size-5 text-ink-2"
SEARCH_INPUT = (
    "search-input h-11 w-full rounded-r2 border border-line-strong bg-surface px-11 text-base "
    "placeholder:text-ink-3 placeholder:opacity-100 focus-visible:border-focus "
    "focus-visible:outline-offset-[-1px]"
)
SEARCH_KEY = "kbd pointer-events-none absolute end-3 hidden md:block"
SEARCH_CLEAR = "search-clear absolute end-1 size-9 place-items-center rounded-r2 text-ink-2 hover:text-ink"
HEAD_ACTIONS = "flex justify-end gap-1 text-md md:-me-3"
HEAD_ACTION = (
    "flex h-11 min-w-11 items-center justify-center gap-2 whitespace-nowrap rounded-r2 px-2.5 "
    "hover:bg-sunken md:px-3"
)
HEAD_LABEL = "hidden md:inline"
COUNT = (
    "h-5 min-w-5 rounded-full bg-green px-1.5 text-center text-[12px] leading-5 font-medium "
    "text-on-green tabular-nums"
)
NAV = "hidden border-b border-line md:block"
NAV_LIST = (
    "no-scrollbar mx-auto flex w-full max-w-page gap-5 overflow-x-auto lg:gap-7 whitespace-nowrap "
    "px-gutter text-md"
)
NAV_LINK = (
    "block border-b border-transparent pt-2.5 pb-[13px] text-ink-2 hover:border-line-strong "
    "hover:text-ink focus-visible:outline-offset-[-2px] aria-[current=page]:border-ink "
    "aria-[current=page]:text-ink"
)
NAV_END = "ms-auto"
NAV_SALE = (
    "block border-b border-transparent pt-2.5 pb-[13px] text-coral hover:border-coral "
    "focus-visible:outline-offset-[-2px] aria-[current=page]:border-coral"
)
MAIN = "outline-none"
FOOT = "mt-section border-t border-line pt-10 pb-8 text-md md:pt-14 md:pb-10"
FOOT_GRID = "grid grid-cols-2 gap-x-5 gap-y-8 md:grid-cols-[1.6fr_1fr_1fr_1fr] md:gap-10"
FOOT_FIRST = "col-span-full md:col-span-1"
FOOT_ABOUT = "mt-2 max-w-[34ch] text-ink-2"
FOOT_TITLE = "mb-3 text-xs font-normal text-ink-3"
FOOT_LINK = "inline-block py-1 text-ink-2 underline-offset-4 hover:text-ink hover:underline"
FOOT_MARKS = "mt-8 flex flex-wrap gap-1.5 md:mt-12"
FOOT_END = "mt-8 flex flex-wrap justify-between gap-6 border-t border-line pt-5 text-xs text-ink-3 md:mt-12"
FOOT_END_LINKS = "flex gap-5"
FOOT_END_LINK = "py-[3px] underline-offset-4 hover:text-ink hover:underline"
THEME_BUTTON = (
    "mt-5 inline-flex h-9 items-center gap-2 rounded-r2 border border-line-strong px-3 text-sm "
    "hover:border-ink"
)

# Buttons
BTN = (
    "inline-flex cursor-pointer items-center justify-center gap-2 whitespace-nowrap rounded-r2 border "
    "font-medium transition-colors active:translate-y-px disabled:cursor-not-allowed "
    "disabled:border-line disabled:bg-sunken disabled:text-ink-3 disabled:active:translate-y-0"
)
PRIMARY = "border-transparent bg-green text-on-green not-disabled:hover:bg-green-hover"
OUTLINE = "border-line-strong bg-surface not-disabled:hover:border-ink not-disabled:hover:bg-paper"
PLAIN = "border-transparent text-ink-2 not-disabled:hover:bg-sunken not-disabled:hover:text-ink"
DANGER = "border-transparent bg-coral text-on-coral not-disabled:hover:bg-coral-hover"
SIZE_XS = "h-7 px-2.5 text-xs"
SIZE_S = "h-9 px-3.5 text-sm"
SIZE_M = "h-11 px-5 text-md"
SIZE_L = "h-13 px-7 text-base"
ICON_BUTTON = "inline-grid size-11 place-items-center rounded-r2 text-ink-2 hover:bg-sunken hover:text-ink"
ICON_BUTTON_S = "inline-grid size-8 place-items-center rounded-r2 text-ink-2 hover:bg-sunken hover:text-ink"
SPIN = "size-4 animate-spin rounded-full border-[1.5px] border-current border-e-transparent"

# Fields
FIELD = "grid content-start gap-1.5"
LABEL = "text-sm font-medium"
OPTIONAL = "font-normal text-ink-3"
REQUIRED = "text-ink-2"
INPUT = (
    "h-11 w-full rounded-r2 border border-line-strong bg-surface px-3.5 text-base text-ink "
    "transition-colors placeholder:text-ink-3 placeholder:opacity-100 hover:border-ink-2 "
    "focus-visible:border-focus focus-visible:outline-offset-[-1px] aria-invalid:border-coral "
    "aria-invalid:ring-1 aria-invalid:ring-coral aria-invalid:ring-inset disabled:border-line "
    "disabled:bg-sunken disabled:text-ink-3"
)
INPUT_S = (
    "h-9 w-full rounded-r2 border border-line-strong bg-surface px-2.5 text-base text-ink "
    "transition-colors sm:text-sm placeholder:text-ink-3 placeholder:opacity-100 hover:border-ink-2 "
    "focus-visible:border-focus focus-visible:outline-offset-[-1px] aria-invalid:border-coral "
    "aria-invalid:ring-1 aria-invalid:ring-coral aria-invalid:ring-inset"
)
TEXTAREA = (
    "min-h-24 w-full resize-y rounded-r2 border border-line-strong bg-surface px-3.5 py-2.5 text-base "
    "text-ink placeholder:text-ink-3 placeholder:opacity-100 hover:border-ink-2 "
    "focus-visible:border-focus focus-visible:outline-offset-[-1px] aria-invalid:border-coral "
    "aria-invalid:ring-1 aria-invalid:ring-coral"
)
SELECT = "select"
HINT = "text-xs text-ink-3"
ERROR = "flex gap-1.5 text-sm text-coral"
ERROR_ICON = "icon mt-0.5 size-4"
CHECK = "flex min-h-6 min-w-6 cursor-pointer items-start gap-2.5 text-md"
CHECK_BOX = "tick my-px size-5 flex-none cursor-pointer"
RADIO_MARK = "pick my-px size-5 flex-none cursor-pointer"
OPTIONS = "overflow-hidden rounded-r2 border border-line-strong bg-surface"
OPTION = (
    "grid cursor-pointer grid-cols-[20px_1fr_auto] items-start gap-3.5 border-t border-line px-4 "
    "py-3.5 text-md first:border-t-0 has-checked:bg-green-tint has-focus-visible:outline-2 "
    "has-focus-visible:outline-offset-[-2px] has-focus-visible:outline-focus"
)
OPTION_TITLE = "block font-medium"
OPTION_NOTE = "block text-sm text-ink-2 text-balance"
# Of hundreds of choices, those that fit are seen, and the others by scrolling.
CHOICES = "-m-1 flex max-h-104 flex-wrap gap-2 overflow-y-auto p-1"
SWATCH = (
    "relative block size-9 cursor-pointer rounded-full "
    "has-checked:shadow-[inset_0_0_0_1.5px_var(--ink)] forced-colors:has-checked:border-2 "
    "has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus"
)
SWATCH_INPUT = "absolute inset-0 m-0 size-full cursor-pointer appearance-none rounded-full opacity-0"
SWATCH_DOT = (
    "pointer-events-none absolute inset-1 rounded-full shadow-[inset_0_0_0_1px_var(--swatch-edge)] "
    "forced-color-adjust-none"
)
SWATCH_OUT = "slash"
SIZE = (
    "relative grid min-h-12 min-w-26 cursor-pointer content-center rounded-r2 border "
    "border-line-strong bg-surface px-4 py-1.5 text-md leading-5 has-checked:border-ink "
    "has-checked:ring-1 has-checked:ring-ink has-checked:ring-inset forced-colors:has-checked:border-4 "
    "has-focus-visible:outline-2 "
    "has-focus-visible:outline-offset-2 has-focus-visible:outline-focus"
)
SIZE_OUT = "border-dashed! bg-transparent! text-ink-3 [&>span]:line-through"
SIZE_NOTE = "text-xs text-ink-3"
STEPPER_S = (
    "inline-grid h-9 grid-cols-[32px_32px_32px] overflow-hidden rounded-r2 border border-line-strong "
    "bg-surface text-center"
)
STEP_INPUT = (
    "h-full w-full border-0 bg-transparent text-center text-md tabular-nums "
    "focus-visible:outline-offset-[-2px]"
)

# Small parts
BADGE = "inline-flex h-6 items-center gap-1.5 whitespace-nowrap rounded-r1 pe-2 ps-[7px] text-xs"
BADGE_ICON = "icon size-3.5 stroke-[1.75]"
CALM = "bg-sunken text-ink-2"
GREEN = "bg-green-tint text-green"
AMBER = "bg-amber-tint text-amber"
CORAL = "bg-coral-tint text-coral"
BLUE = "bg-blue-tint text-blue"
TAG = (
    "absolute top-2 start-2 z-1 rounded-r1 bg-surface px-2 py-[3px] text-xs text-ink md:top-2.5 md:start-2.5"
)
TAG_SALE = (
    "absolute top-2 start-2 z-1 rounded-r1 bg-surface px-2 py-[3px] text-xs font-medium text-coral "
    "md:top-2.5 md:start-2.5"
)
CHIPS = "flex flex-wrap items-center gap-2"
CHIP = (
    "inline-flex h-8 items-center gap-1.5 rounded-r2 border border-line-strong bg-surface pe-2 ps-3 "
    "text-sm hover:border-ink"
)
CHIP_ICON = "icon size-4 text-ink-3"
DOT = "inline-block size-2 flex-none rounded-full bg-current"
DOT_LIVE = "live inline-block size-2 flex-none rounded-full bg-current"
STOCK = "flex items-center gap-1.5 text-xs"
STOCK_COLOURS = {"in": "text-green", "low": "text-amber", "out": "text-ink-3", "backorder": "text-ink-3"}
PRICE = "tabular-nums"
PRICE_SALE = "tabular-nums text-coral"
PRICE_WAS = "ms-2 text-ink-3 line-through decoration-1"
RATE = "inline-flex items-center gap-1 text-sm tabular-nums text-ink-2"
RATE_STAR = "size-3.5 fill-current"
REVIEW_BOUGHT = "whitespace-nowrap"
REVIEW_BOUGHT_ICON = "icon inline size-4 align-[-3px]"
REVIEW_SELECT = (
    "select h-11 w-40 rounded-r2 border border-line-strong bg-surface px-2.5 text-base text-ink "
    "md:h-9 md:text-sm"
)
REVIEW_SORT = "mb-5 flex items-center justify-end gap-2.5 text-sm"
ALERT = "mt-6 grid gap-3.5 rounded-r2 border border-line bg-surface p-5"
RATE_COUNT = "hidden text-ink-3 md:inline"
STARS = "relative inline-block h-4 w-20 shrink-0 text-ink"
STARS_EMPTY = "h-4 w-20 fill-none stroke-current stroke-[1.5]"
STARS_FULL = "h-4 w-20 max-w-none fill-current"
STARS_FILLED = "absolute inset-y-0 start-0 overflow-hidden"
CRUMBS = "flex flex-wrap gap-x-2 pt-5 text-sm text-ink-3"
CRUMB = "flex not-first:before:me-2 not-first:before:text-line-strong not-first:before:content-['/']"
CRUMB_LINK = "py-0.5 text-ink-2 underline-offset-4 hover:underline"
CRUMB_HERE = "py-0.5 text-ink"
NOTE = "grid grid-cols-[20px_1fr] gap-3 rounded-r2 px-3.5 py-3 text-sm"
NOTE_KINDS = {
    "": "bg-sunken",
    "good": "bg-green-tint [&>svg]:text-green",
    "wait": "bg-amber-tint [&>svg]:text-amber",
    "bad": "bg-coral-tint [&>svg]:text-coral",
    "info": "bg-blue-tint [&>svg]:text-blue",
}
BAR = "h-1 overflow-hidden rounded-full bg-line"
BAR_FILL = "block h-full rounded-full bg-green transition-[width] duration-200"
SKELETON = "skel rounded-r1 bg-sunken"
EMPTY = "grid max-w-[46ch] justify-items-start gap-2.5"
EMPTY_ACTIONS = "mt-2.5 flex flex-wrap gap-2.5"
ACCORDION = "group border-b border-line"
ACCORDION_HEAD = "flex cursor-pointer items-center justify-between py-4 text-base font-medium"
ACCORDION_BODY = "max-w-[62ch] pb-5 text-md leading-6 text-ink-2"
ANNOUNCEMENT = "bg-ink px-gutter py-2 text-center text-sm text-paper"
ANNOUNCEMENT_LINK = "underline decoration-1 underline-offset-4 hover:decoration-2"
LOGO_PICTURE = "h-8 w-auto max-w-[200px] object-contain"
SPEC = "grid grid-cols-[130px_1fr] gap-x-4 gap-y-2"

# Pictures and cards
PICTURE_IMG = "size-full object-cover dark:brightness-90"
CARD = (
    "card group relative grid content-start gap-3 has-[h3_a:focus-visible]:outline-2 "
    "has-[h3_a:focus-visible]:outline-offset-4"
)
CARD_PICTURE = "relative block aspect-[4/5] overflow-hidden rounded-r1 bg-sunken"
CARD_IMG = (
    "card-img size-full object-cover transition-transform duration-200 group-hover:scale-[1.015] "
    "dark:brightness-90"
)
CARD_IMG_OUT = "opacity-[.62]"
CARD_SECOND = (
    "absolute inset-0 opacity-0 transition-opacity duration-200 group-hover:opacity-100 "
    "group-has-[a:focus-visible]:opacity-100 [@media(hover:none)]:hidden"
)
CARD_TITLE = "text-md font-medium"
CARD_TITLE_LARGE = "font-serif text-d4 font-normal"
CARD_LINK = "outline-none after:absolute after:inset-0 after:z-2"
CARD_TEXT = "mt-1 mb-2 max-w-[44ch] text-ink-2"
CARD_FOOT = "mt-1.5 flex min-h-5 items-center justify-between gap-2"
CARD_DOTS = "flex items-center gap-[5px] text-xs text-ink-3"
CARD_DOT = "size-3.5 rounded-full shadow-[inset_0_0_0_1px_var(--swatch-edge)] forced-color-adjust-none"
CARD_STOCK = "mt-1.5 flex items-center gap-1.5 text-xs"
GRID_2 = "grid grid-cols-2 gap-x-3 gap-y-7 md:gap-x-5 md:gap-y-10"
GRID_3 = "grid grid-cols-2 gap-x-3 gap-y-7 md:gap-x-5 md:gap-y-10 lg:grid-cols-3 vast:grid-cols-4"
GRID_4 = "grid grid-cols-2 gap-x-3 gap-y-7 md:grid-cols-3 md:gap-x-5 md:gap-y-10 lg:grid-cols-4"
SIZES_2 = "(min-width:1360px) 300px, (min-width:768px) 22vw, 46vw"
SIZES_3 = (
    "(min-width:1800px) 240px, (min-width:1360px) 320px, (min-width:1024px) 24vw, (min-width:768px) 36vw, "
    "46vw"
)
SIZES_4 = "(min-width:1360px) 305px, (min-width:1024px) 22vw, (min-width:768px) 30vw, 46vw"
SIZES_HALF = "(min-width:1360px) 620px, (min-width:768px) 46vw, 92vw"
SIZES_HERO = "(min-width:1440px) 1360px, 100vw"

# Overlays
DRAWER = (
    "fixed inset-y-0 end-0 start-auto m-0 h-dvh max-h-none w-full max-w-[480px] flex-col border-0 "
    "border-s border-line bg-surface text-ink transition-[translate,opacity] duration-200 ease-calm "
    "backdrop:bg-scrim open:flex short:overflow-y-auto starting:translate-x-6 starting:opacity-0 "
    "rtl:starting:-translate-x-6"
)
MENU_DRAWER = (
    "fixed inset-y-0 start-0 end-auto m-0 h-dvh max-h-none w-[88%] max-w-[380px] flex-col border-0 "
    "border-e border-line bg-surface text-ink transition-[translate,opacity] duration-200 ease-calm "
    "backdrop:bg-scrim open:flex short:overflow-y-auto starting:-translate-x-6 starting:opacity-0 "
    "rtl:starting:translate-x-6"
)
DRAWER_HEAD = (
    "flex items-center justify-between border-b border-line bg-surface py-4 pe-4 ps-5 md:ps-7 short:sticky "
    "short:top-0 short:z-2 short:py-1.5"
)
DRAWER_BODY = "flex-1 overflow-auto px-5 md:px-7 short:flex-none short:overflow-visible"
DRAWER_FOOT = "border-t border-line bg-surface px-5 pt-[18px] pb-6 md:px-7"
DIALOG = (
    "fixed top-1/2 left-1/2 m-0 max-h-[calc(100dvh-48px)] w-[min(520px,calc(100%-32px))] max-w-none "
    "-translate-x-1/2 -translate-y-1/2 overflow-auto rounded-r3 border border-line bg-surface text-ink "
    "shadow-float transition-opacity duration-200 backdrop:bg-scrim starting:opacity-0"
)
DIALOG_HEAD = "flex items-start justify-between pt-5 pe-4 ps-6"
DIALOG_BODY = "px-6 pt-3 pb-5 text-ink-2"
DIALOG_FOOT = "flex justify-end gap-2 border-t border-line px-6 py-4"
TOAST = (
    "fixed end-3 bottom-3 start-3 z-toast flex min-h-12 items-center justify-between gap-3 rounded-r2 "
    "bg-ink py-2 pe-2 ps-4 text-md text-paper shadow-float md:end-auto md:bottom-6 md:start-6 "
    "md:max-w-[480px]"
)
TOAST_BUTTON = (
    "h-9 rounded-r1 px-3 font-medium text-paper underline underline-offset-4 hover:bg-[rgb(128_128_128/.25)]"
)
BANNER = (
    "appear-late fixed inset-x-0 top-0 z-toast bg-amber-tint px-gutter py-2 text-center text-sm text-balance "
    "text-amber"
)
MENU_LINK = (
    "flex min-h-12 items-center justify-between border-b border-line text-base "
    "aria-[current=page]:font-medium"
)
MENU_SMALL = "flex min-h-11 items-center text-md text-ink-2"

# Home
HERO = "relative flex flex-col pt-7 wide:block wide:bg-photo wide:pt-0 full:mx-auto full:max-w-page"
HERO_IMG = (
    "aspect-[6/5] h-auto w-full object-cover object-[82%_50%] md:aspect-[2/1] wide:aspect-auto "
    "wide:h-[600px] wide:object-[50%_62%] dark:brightness-90"
)
HERO_TEXT = "wide:pointer-events-none wide:absolute wide:inset-0 wide:z-1"
HERO_INNER = "mx-auto flex w-full max-w-page flex-col px-gutter pb-7 wide:h-full wide:py-14"
HERO_TITLE = "font-serif text-d1 whitespace-pre-line text-ink wide:text-on-photo"
HERO_LEAD = (
    "mt-3.5 max-w-[20em] text-base leading-[26px] text-ink text-balance wide:mt-5 "
    "wide:text-[17px] wide:text-on-photo"
)
HERO_BUTTON = (
    "pointer-events-auto mt-5 inline-flex h-13 items-center self-start rounded-r2 bg-green px-7 "
    "text-base font-medium text-on-green transition-colors hover:bg-green-hover wide:mt-7 "
    "wide:bg-[#1f4d3a] wide:text-[#fbf9f4] wide:hover:bg-[#163a2b]"
)
HERO_CATEGORIES = "mt-6 flex flex-wrap gap-x-5 gap-y-1.5 md:hidden"
HERO_CATEGORY = (
    "inline-block py-1.5 text-md underline decoration-line-strong decoration-1 underline-offset-4 "
    "hover:decoration-current"
)
LABEL_STRIP = "border-b border-line"
LABEL_ROW = (
    "mx-auto grid w-full max-w-page gap-2 px-gutter py-[18px] md:grid-cols-[200px_1fr] md:gap-8 "
    "md:pt-[22px] md:pb-6"
)
LABEL_TITLE = "pt-1 text-xs text-ink-3"
LABEL_LIST = "grid text-sm md:grid-cols-2 md:gap-x-8 md:gap-y-1 wide:grid-cols-4"
LABEL_LINK = "group flex justify-between gap-3 py-[5px] md:py-[3px]"
LABEL_NAME = "underline-offset-4 group-hover:underline"
LABEL_PRICE = "tabular-nums text-ink-3"
SECTION = "mx-auto w-full max-w-page px-gutter pt-section"
TILES = "grid grid-cols-2 gap-x-3 gap-y-7 md:grid-cols-4 md:gap-x-5 md:gap-y-10"
SIZES_SALE = "(min-width:1360px) 300px, (min-width:768px) 22vw, 60vw"
STORY_LINK = (
    "mt-[22px] inline-block py-[3px] underline decoration-line-strong decoration-1 underline-offset-4 "
    "hover:decoration-current"
)
SECTION_HEAD = "mb-5 flex items-baseline justify-between gap-6 md:mb-7"
TILE = "group relative block"
TILE_PICTURE = "relative block aspect-[4/3] overflow-hidden rounded-r1 bg-sunken"
TILE_IMG = (
    "size-full object-cover transition-transform duration-200 group-hover:scale-[1.015] dark:brightness-90"
)
TILE_TITLE = "mt-3 flex justify-between text-base font-medium"
TILE_NAME = "decoration-1 underline-offset-4 group-hover:underline"
TILE_COUNT = "text-sm leading-6 font-normal tabular-nums text-ink-3"
FEATURE = "grid gap-x-5 gap-y-7 md:grid-cols-2 md:gap-y-5 lg:gap-x-10"
SALE = "mt-section bg-sunken py-10 md:py-16"
SALE_ROW = (
    "mx-auto grid w-full max-w-page grid-cols-[minmax(0,1fr)] gap-6 px-gutter md:grid-cols-[1fr_3fr] "
    "md:gap-10"
)
SALE_TEXT = "mt-3 mb-5 max-w-[30ch] text-ink-2"
SALE_GRID = (
    "no-scrollbar -me-gutter flex snap-x snap-proximity gap-3 overflow-x-auto p-1 -m-1 "
    "*:flex-[0_0_62%] *:snap-start md:m-0 md:grid md:grid-cols-3 md:gap-5 md:overflow-visible md:p-0"
)
STORY = "grid items-center gap-6 md:grid-cols-[7fr_5fr] md:gap-10 lg:gap-16"
STORY_PICTURE = "relative block aspect-[20/11] overflow-hidden rounded-r1 bg-sunken"
STORY_TEXT = "mt-5 grid gap-3.5 leading-[1.65] text-ink-2"

# The list of products
LIST_HEAD = "mx-auto w-full max-w-page px-gutter"
LIST_TITLE = "mt-2.5 font-serif text-d2"
LIST_INTRO = "mt-3 max-w-[62ch] text-ink-2"
LIST = (
    "mx-auto grid w-full max-w-page grid-cols-[minmax(0,1fr)] px-gutter pt-5 "
    "md:grid-cols-[200px_minmax(0,1fr)] md:gap-7 md:pt-6 lg:grid-cols-[232px_minmax(0,1fr)] lg:gap-12"
)
FILTERS = (
    "fixed inset-x-0 top-auto bottom-0 m-0 max-h-[88dvh] w-full max-w-none flex-col rounded-t-r3 "
    "border-0 bg-surface text-ink transition-[translate,opacity] duration-200 ease-calm "
    "backdrop:bg-scrim open:flex starting:translate-y-6 starting:opacity-0 md:static md:block "
    "md:max-h-none md:rounded-none md:bg-transparent md:transition-none"
)
FILTERS_HEAD = "flex items-center justify-between border-b border-line py-3 pe-3 ps-5 md:hidden"
FILTERS_BODY = "flex-1 overflow-auto px-5 pb-2 md:overflow-visible md:p-0"
FILTERS_FOOT = "flex items-center gap-3 border-t border-line px-5 py-3 md:hidden"
FACET = "group border-t border-line pt-4 pb-[18px] max-md:first:border-t-0"
FACET_HEAD = "flex min-h-6 cursor-pointer items-center justify-between text-md font-medium"
FACET_ICON = "icon size-[18px] text-ink-3 transition-transform group-open:rotate-180"
FACET_LIST = "mt-2.5 grid gap-1"
FACET_ROW = (
    "flex min-h-6 items-center gap-2.5 py-0.5 text-md aria-disabled:cursor-not-allowed "
    "aria-disabled:text-ink-3 not-aria-disabled:hover:[&_.tick]:border-ink"
)
FACET_MARK = "tick size-5 flex-none"
FACET_SWATCH = (
    "size-4 flex-none rounded-full shadow-[inset_0_0_0_1px_var(--swatch-edge)] forced-color-adjust-none"
)
FACET_COUNT = "ms-auto text-sm tabular-nums text-ink-3"
FACET_MORE = (
    "mt-2.5 py-0.5 text-sm underline decoration-line-strong underline-offset-4 hover:decoration-current"
)
FACET_REST = "mt-1 grid gap-1"
RANGE = "group/range mt-3 grid grid-cols-2 gap-3"
RANGE_BUTTON = (
    "col-span-full hidden h-9 items-center justify-center rounded-r2 border border-line-strong "
    "bg-surface text-sm font-medium group-focus-within/range:inline-flex hover:border-ink"
)
SORT_ICON = "icon size-5 md:hidden"
SORT_WORDS = "max-md:sr-only"
PREVIOUS = "pb-7 text-center"
TOOLBAR = (
    "max-md:contents md:flex md:min-h-11 md:flex-row-reverse md:items-center md:justify-between md:gap-4"
)
TOOLBAR_BAR = (
    "sticky top-0 max-md:z-sticky -mx-gutter grid grid-cols-2 border-y border-line bg-paper md:static "
    "md:mx-0 md:block md:border-0"
)
FILTER_BUTTON = (
    "flex h-12 items-center justify-center gap-2 text-md focus-visible:outline-offset-[-2px] md:hidden"
)
SORT_LABEL = (
    "relative flex h-12 items-center justify-center gap-2 border-s border-line text-md md:h-auto "
    "md:gap-2.5 md:border-0 md:text-sm md:text-ink-2"
)
SORT_SELECT = (
    "h-12 max-w-full min-w-0 cursor-pointer appearance-none bg-transparent text-base "
    "focus-visible:outline-offset-[-2px] md:select md:h-9 md:w-44 md:rounded-r2 md:border "
    "md:border-line-strong md:bg-surface md:px-2.5 md:text-sm md:text-ink"
)
RESULT_COUNT = "pt-4 text-sm text-ink-2 tabular-nums md:pt-0"
CHIP_ROW = "pt-3.5 pb-6 empty:pt-2 empty:pb-2 md:empty:pt-0 md:empty:pb-6"
MORE = "grid justify-items-center gap-4 pt-14"
MORE_COUNT = "text-sm text-ink-2 tabular-nums"
MORE_BAR = "h-1 w-50 overflow-hidden rounded-full bg-line"

# Plain pages
PROSE_PAGE = "mx-auto w-full max-w-page px-gutter pt-10 md:pt-16"
PROSE_LEAD = "mt-4 max-w-[52ch] text-lg text-ink-2"
PROSE = "prose mt-10 grid max-w-[62ch] gap-10 leading-[1.65] text-ink-2"
PROSE_PREVIEW = "prose mt-4 grid gap-6 leading-[1.6] text-ink-2"
SIZES_PRODUCT = "(min-width:1360px) 680px, (min-width:1100px) 50vw, (min-width:768px) 46vw, 100vw"
LOST = "mx-auto grid w-full max-w-page items-center gap-6 px-gutter pt-8 md:grid-cols-2 md:gap-16 md:pt-12"
NOT_FOUND_SEARCH = "mt-1 mb-2 grid w-full grid-cols-[minmax(0,1fr)_auto] gap-2.5"
NOT_FOUND_LIST = "mt-2 grid gap-0.5"
NOT_FOUND_LINK = (
    "inline-block py-1 underline decoration-line-strong decoration-1 underline-offset-4 "
    "hover:decoration-current"
)

# Parts that act in the browser
QUANTITY = "relative"
QUANTITY_MESSAGE = "max-w-[34ch] text-sm text-amber not-empty:mt-1.5"
STEPPER_L = (
    "grid h-13 grid-cols-[40px_1fr_40px] overflow-hidden rounded-r2 border border-line-strong "
    "bg-surface text-center"
)
STEP_LIVE = (
    "grid place-items-center text-ink-2 hover:bg-sunken hover:text-ink "
    "focus-visible:outline-offset-[-2px] aria-disabled:cursor-not-allowed aria-disabled:bg-transparent "
    "aria-disabled:text-line-strong"
)
BUSY = (
    "aria-busy:cursor-progress aria-disabled:not-aria-busy:border-line "
    "aria-disabled:not-aria-busy:bg-sunken aria-disabled:not-aria-busy:text-ink-3"
)
GALLERY = {
    "thumbs": (
        "no-scrollbar -m-1 flex gap-2.5 overflow-x-auto p-1 md:col-start-1 md:row-start-1 md:grid "
        "md:content-start md:overflow-visible"
    ),
    "thumb": (
        "block w-14 flex-none cursor-pointer rounded-r1 outline-offset-2 aria-[current=true]:outline-[1.5px] "
        "aria-[current=true]:outline-ink md:w-full"
    ),
    "thumbFrame": "block aspect-[4/5] overflow-hidden rounded-r1 bg-sunken",
    "photo": "size-full object-cover dark:brightness-90",
    "main": "grid min-w-0 content-start gap-4 md:col-start-2 md:row-start-1",
    "stage": "relative -mx-gutter md:mx-0",
    "strip": ("no-scrollbar flex snap-x snap-mandatory overflow-x-auto overscroll-x-contain md:rounded-r1"),
    "slide": (
        "aspect-[4/5] w-full flex-none cursor-zoom-in snap-start overflow-hidden "
        "focus-visible:outline-offset-[-3px]"
    ),
    "counter": (
        "pointer-events-none absolute end-4 bottom-3 rounded-r1 bg-surface px-2 py-[3px] text-xs "
        "tabular-nums text-ink md:hidden"
    ),
    "others": "hidden grid-cols-2 gap-4 lg:grid",
    "other": "block aspect-[4/5] cursor-zoom-in overflow-hidden rounded-r1 bg-sunken",
    "dialog": (
        "fixed inset-0 m-0 h-dvh max-h-none w-full max-w-none border-0 bg-paper text-ink backdrop:bg-scrim"
    ),
    "large": "relative grid h-full grid-rows-[minmax(0,1fr)_auto]",
    "largeFrame": "flex min-h-0 touch-pan-x touch-pan-y overflow-auto overscroll-contain",
    "largePhoto": "m-auto h-auto max-w-none flex-none cursor-zoom-in select-none dark:brightness-90",
    "bar": (
        "flex h-16 items-center justify-between border-t border-line bg-surface px-gutter text-sm "
        "tabular-nums"
    ),
    "barEnd": "flex gap-1",
    "tool": (
        "inline-grid size-11 cursor-pointer place-items-center rounded-r2 text-ink-2 hover:bg-sunken "
        "hover:text-ink"
    ),
    "icon": "icon size-5",
    "empty": "aspect-[4/5] rounded-r1 bg-sunken md:col-span-2",
}

# Search as you type
SUGGESTIONS = (
    "suggestions absolute top-full -inset-x-[var(--gutter)] z-menu min-h-dvh grid-cols-[minmax(0,1fr)] "
    "content-start bg-paper px-gutter md:inset-x-auto md:left-1/2 md:mt-2 md:min-h-0 "
    "md:w-[min(760px,92vw)] md:-translate-x-1/2 "
    "md:has-[.suggest-categories]:grid-cols-[248px_minmax(0,1fr)] md:rounded-r2 md:border "
    "md:border-line md:bg-surface md:px-0 md:shadow-float"
)
SUGGEST_SCRIM = "suggest-scrim fixed inset-0 bg-scrim max-md:hidden!"
SUGGEST_GROUP = "suggest-categories py-3.5 md:px-2.5 md:pt-[18px]"
SUGGEST_PRODUCTS = (
    "border-line py-3.5 md:px-2.5 md:pt-[18px] not-first:border-t md:not-first:border-t-0 "
    "md:not-first:border-s"
)
SUGGEST_TITLE = "pb-1.5 text-xs font-normal text-ink-3 md:px-3"
# On a phone eight at most: two searches, two categories, four products, each below the title of its group.
SUGGEST_ROW_FEW = "max-md:nth-[n+4]:hidden"
SUGGEST_ROW_MANY = "max-md:nth-[n+6]:hidden"
SUGGEST_ROW = (
    "flex min-h-11 items-center gap-3 rounded-r1 py-[7px] text-md hover:bg-sunken "
    "aria-selected:bg-sunken md:px-3"
)
SUGGEST_PICTURE = "relative block h-15 w-12 flex-none overflow-hidden rounded-r1 bg-sunken"
SUGGEST_ICON = "icon size-[18px] flex-none text-ink-2"
SUGGEST_NOTE = "block text-sm text-ink-3"
SUGGEST_COUNT = "ml-auto text-sm tabular-nums text-ink-3"
SUGGEST_NOTHING = "col-span-full px-1 py-5 md:px-[22px]"
SUGGEST_TYPED = "font-semibold"
SUGGEST_PRICE = "ms-auto text-end tabular-nums"
SUGGEST_FOOT = (
    "col-span-full flex justify-between border-t border-line py-3.5 text-sm text-ink-3 md:px-[22px] md:py-3"
)
SUGGEST_KEYS = "hidden items-center gap-1 md:flex"

# Cart
LINE = (
    "grid grid-cols-[76px_minmax(0,1fr)_auto] gap-x-4 gap-y-1 border-b border-line py-5 "
    "md:grid-cols-[88px_minmax(0,1fr)_auto]"
)
LINE_PICTURE = "row-span-3 block h-[95px] w-19 overflow-hidden rounded-r1 bg-sunken md:h-[110px] md:w-22"
LINE_TITLE = "text-md font-medium [&_a]:underline-offset-4 [&_a]:hover:underline"
LINE_PRICE = "text-end text-base tabular-nums"
LINE_WAS = "ms-2 text-sm text-ink-3 line-through decoration-1"
LINE_VARIANT = "col-span-2 text-sm text-ink-3"
LINE_CONTROLS = "col-span-2 mt-2 flex flex-wrap items-start justify-between gap-x-2 gap-y-1"
LINE_ACTS = "-me-2.5 flex flex-wrap"
LINE_NOTE = "col-span-full mt-3"
UNDO = "mt-4 flex items-center justify-between rounded-r2 bg-sunken py-0.5 pe-1 ps-3 text-sm"
FREE_SHIPPING = "border-b border-line py-4"
CODE = "group py-3.5"
CODE_HEAD = "flex min-h-7 cursor-pointer items-center justify-between text-sm font-medium"
CODE_REASON = "flex items-baseline gap-2 text-sm text-amber"
CODE_LABEL = "flex flex-wrap items-center gap-x-2 gap-y-1"
CODE_CHIP = (
    "inline-flex min-h-6 cursor-pointer items-center gap-1 rounded-full border border-current px-2 text-xs "
    "font-medium tracking-wide hover:bg-surface"
)
CODE_CHIP_ICON = "icon size-3"
HINTS = "grid gap-1.5 border-b border-line py-3 empty:hidden"
OFFER_HINT = "flex items-start gap-2 text-sm text-ink-2"
CHANGES = "mt-2 grid gap-1.5 text-sm"
CHANGE = "grid grid-cols-[minmax(0,1fr)_auto_auto] gap-x-4"
SUM = "grid gap-2 text-md"
SUM_ROW = "flex justify-between gap-4"
SUM_TOTAL = "mt-1 flex justify-between gap-4 border-t border-line pt-3 text-lg font-medium"
DRAWER_COUNT = "font-sans text-md text-ink-3"
TWO_COLUMNS = (
    "mx-auto grid w-full max-w-page items-start gap-5 px-gutter pt-5 "
    "md:grid-cols-[minmax(0,1fr)_300px] md:gap-8 md:pt-10 lg:grid-cols-[minmax(0,1fr)_420px] lg:gap-18"
)
ASIDE = "-mx-1 rounded-r2 bg-sunken p-4 md:mx-0 md:px-7 md:pt-6 md:pb-7"

# Checkout and order
CHECKOUT = (
    "mx-auto grid w-full max-w-page items-start gap-5 px-gutter pt-5 "
    "md:grid-cols-[minmax(0,1fr)_300px] md:gap-8 md:pt-10 lg:grid-cols-[minmax(0,1fr)_420px] lg:gap-18"
)
HOLD_ROW = "flex flex-wrap items-center justify-end gap-x-4 gap-y-1"
HOLD = "inline-flex items-center gap-2 text-sm text-ink-2 tabular-nums"
HOLD_CLOCK = "min-w-[2.6rem] text-end font-medium text-ink"
HOLD_LONGER = (
    "min-h-6 cursor-pointer text-sm text-ink underline decoration-line-strong underline-offset-4 "
    "hover:decoration-ink"
)
CHECKOUT_ASIDE = (
    "-mx-1 rounded-r2 bg-sunken p-4 md:sticky md:top-6 md:col-start-2 md:row-start-1 md:mx-0 md:px-7 md:pt-6 "
    "md:pb-7"
)
CHECKOUT_MAIN = "min-w-0 md:col-start-1 md:row-start-1"
STEP_SECTION = "mb-7 border-b border-line pb-7 md:mb-9 md:pb-9"
MARKS = "mt-2 flex flex-wrap gap-1 empty:hidden"
STEPS = "mb-7 flex flex-wrap gap-x-5 gap-y-1 border-b border-line pb-4 text-sm text-ink-2"
STEP_LINK = "inline-flex min-h-6 items-center underline-offset-4 hover:underline"
STEP_LAST = "pb-2"
FIELDS = "grid grid-cols-6 gap-4"
FULL = "col-span-6"
HALF_WIDE = "col-span-6 md:col-span-3"
POSTCODE = "col-span-6 min-[360px]:col-span-3 md:col-span-2"
CITY = "col-span-6 min-[360px]:col-span-3 md:col-span-4"
MORE_FIELDS = "inline-flex min-h-6 cursor-pointer items-center gap-1.5 text-sm text-ink-2 hover:text-ink"
PROBLEMS = "mb-8 rounded-r2 border border-s-4 border-coral bg-surface px-5 py-4"
PROBLEM_LINK = "inline-block py-[6px] text-coral underline underline-offset-4"
REFUSED_ACTS = "mt-3 flex flex-wrap items-center gap-4"
MINI = "grid grid-cols-[56px_minmax(0,1fr)_auto] items-start gap-3.5 py-2.5 text-md"
MINI_PICTURE = "block h-[70px] w-14 overflow-hidden rounded-r1 bg-photo"
STATION = (
    "relative grid grid-cols-[20px_1fr] gap-3.5 pb-5 not-last:before:absolute not-last:before:top-[22px] "
    "not-last:before:-bottom-0.5 not-last:before:start-[9.25px] not-last:before:w-[1.5px]"
)
STATION_LINE = {"done": "not-last:before:bg-green", "next": "not-last:before:bg-line"}
STATION_MARK = {
    "done": "mt-px grid size-5 place-items-center rounded-full bg-green text-on-green",
    "now": (
        "mt-px grid size-5 place-items-center rounded-full border-[1.5px] border-green bg-surface text-green"
    ),
    "next": "mt-px grid size-5 place-items-center rounded-full border-[1.5px] border-line-strong bg-surface",
}
STATION_MARK["ended"] = "mt-px grid size-5 place-items-center rounded-full bg-ink-3 text-paper"
STATION_NOTE = "block text-sm text-ink-3"
ORDER_PART = "mt-7 border-t border-line pt-7"
ORDER_TITLE = "mb-3 font-serif text-d4 text-balance"
ENTRIES = "mb-4 grid gap-5"
ENTRY = "grid gap-1.5 text-md"
ENTRY_HEAD = "flex flex-wrap items-center justify-between gap-x-4 gap-y-1"
THINGS = "text-ink-2"

# Product
PRODUCT = (
    "grid grid-cols-[minmax(0,1fr)] items-start gap-3 pt-3 md:grid-cols-[64px_minmax(0,1fr)_320px] "
    "md:gap-4 md:pt-5 wide:grid-cols-[72px_minmax(0,1fr)_472px]"
)
BUY_COLUMN = "pt-2 md:sticky md:top-4 md:col-start-3 md:row-start-1 md:pt-0 md:ps-4 wide:ps-12"
STOCK_LIVE = "mb-3.5 flex items-center gap-3 ps-1 text-md"
STOCK_KEPT = "-mt-2 mb-3.5 ps-6 text-sm text-ink-2"
DESCRIPTION = "prose grid max-w-[62ch] gap-3 leading-[1.65] text-ink-2"
BUY_BAR = (
    "sticky bottom-0 z-sticky mt-6 grid grid-cols-[minmax(0,1fr)_auto] items-center gap-3 border-t "
    "border-line bg-surface px-4 py-2.5 not-data-[shown=true]:invisible md:hidden"
)
REVIEWS = "grid grid-cols-[minmax(0,1fr)] gap-7 md:grid-cols-[280px_minmax(0,1fr)] md:gap-10 lg:gap-16"
STAR_ROW = (
    "grid min-h-7 grid-cols-[auto_1fr_auto] items-center gap-3 rounded-r1 px-1 -mx-1 text-sm "
    "text-ink-2 tabular-nums not-disabled:hover:bg-sunken disabled:cursor-default "
    "aria-pressed:bg-sunken aria-pressed:font-medium aria-pressed:text-ink"
)
