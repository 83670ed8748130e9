"""Keeps the rule of the house: rooms import downwards, each thing has one home, nothing grows wild."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "shop_app"
ABOVE_ALL = ("shop_app", "serve", "prepare", "supervisor", "cli", "__main__")
"""The composition root and the command line: they may use everything, nobody uses them."""

# Room -> the rooms below it that it may import. Its own files, always; core, where named.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "core": (),
    "models": ("core",),
    "providers": ("core",),
    "services": ("models", "providers", "core"),
    "realtime": ("services", "reflex_private", "core"),
    "state": ("workflows", "realtime", "services", "reflex_private", "core"),
    "components": ("state", "core"),
    "pages": ("page", "components", "state", "services", "core"),
    # What a page is declared with, and its HTML.
    "page": ("components", "state", "web", "core"),
    "sandbox": ("core",),
    "web": ("workflows", "services", "providers", "realtime", "reflex_private", "core"),
    # Uses of Reflex's private API.
    "reflex_private": (),
    # Checkout to payment: intent, call outside, result; each step a transaction of its own.
    "workflows": ("services", "providers", "core"),
    # What letters say, from the order as its page shows it.
    "letters": ("services", "core"),
    "worker": ("workflows", "letters", "services", "providers", "core"),
    "demo": ("services", "models", "core"),
    # The values that the shop and its extensions are declared with.
    "extension": ("page", "worker", "web", "providers", "services", "core"),
}
# Each subject of services/ imports only those to its left.
SUBJECTS = (
    "terms_cache",
    "lists",
    "outbox",
    "staff",
    "shop",
    "consents",
    "accounts",
    "saved_views",
    "bulk_jobs",
    "customers",
    "catalog",
    "search",
    "inventory",
    "stock_alerts",
    "product_files",
    "shipping",
    "taxes",
    "promotions",
    "pricing",
    "credit",
    "cart",
    "wishlists",
    "orders",
    "cart_reminders",
    "payments",
    "fulfilment",
    "returns",
    "reviews",
    "review_requests",
    "joining",
    "storefront",
    "opening",
    "desk",
    "order_desk",
    "push_targets",
    "traces",
    "books",
    "personal",
    "retention",
)
REFLEX_IN = (
    "reflex_private",
    "components",
    "pages",
    "page",
    "state",
    "realtime",
    "web",
    "extension",
    "shop_app",
    "serve",
)
STRIPE_IN = ("providers/payments/stripe.py", "providers/payments/stripe_check.py", "sandbox/")
LONG_FILES = {
    "shop_app/components/styles.py": "a list of class names, a line each; two would be harder to search",
}
"""Files over 400 lines, each with the reason why it is one subject."""
LONG_FUNCTIONS: dict[str, str] = {}
"""`file:function` over 60 lines, each with its reason."""


ONLY_FROM = {"cli": ("__main__",), "extension": ("shop_app",), "serve": ("cli",), "shop_app": ()}
"""Room -> the rooms that may import it: they stand above all others."""


@lru_cache(maxsize=1)
def committed() -> tuple[Path, ...]:
    """Every file that git knows or would take; a plain walk where git isn't there."""
    completed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if completed.returncode:
        skipped = {".venv", ".web", ".git", ".hypothesis", "node_modules", "data", ".make"}
        return tuple(
            path
            for path in ROOT.rglob("*")
            if path.is_file() and not skipped & set(path.relative_to(ROOT).parts)
        )
    return tuple(path for name in completed.stdout.splitlines() if (path := ROOT / name).is_file())


@lru_cache(maxsize=1)
def sources() -> dict[str, ast.Module]:
    """The shop's modules, parsed, by their path below shop_app/."""
    return {
        path.relative_to(SHOP).as_posix(): ast.parse(path.read_text())
        for path in sorted(SHOP.rglob("*.py"))
        if "__pycache__" not in path.parts
    }


def room_of(name: str) -> str:
    first = name.split("/")[0].removesuffix(".py")
    return "core" if first == "__init__" else first


def imports(name: str, tree: ast.Module) -> Iterator[str]:
    """What a module imports, as dotted names; relative ones made whole."""
    package = ["shop_app", *name.split("/")[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def shop_rooms(name: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    for whole in imports(name, tree):
        parts = whole.split(".")
        if parts[0] == "shop_app" and len(parts) > 1:
            first = parts[1]
            is_module = (SHOP / first).is_dir() or (SHOP / f"{first}.py").is_file()
            yield (room_of(first) if is_module else "core"), whole


def test_rooms_import_downwards_only():
    wrong = []
    for name, tree in sources().items():
        room = room_of(name)
        if room in ABOVE_ALL:
            continue
        assert room in MAY_IMPORT, f"{name} is in a room that DESIGN doesn't know: name it in this test"
        for target, whole in shop_rooms(name, tree):
            if target not in (room, *MAY_IMPORT[room]) and not _agreed(room, target, whole):
                wrong.append(f"{name} imports {whole}")
    assert not wrong, "\n".join(wrong)


def subject_of(whole: str) -> str:
    """The subject of services/ that an imported name belongs to; "" for none."""
    parts = [*whole.split("."), "", "", ""]
    return parts[2] if parts[:2] == ["shop_app", "services"] else ""


def rightward(modules: dict[str, ast.Module]) -> list[str]:
    """Imports of a subject to the right of one's own; `services/__init__` lists who follows whom instead."""
    wrong = []
    for name, tree in modules.items():
        if not name.startswith("services/") or name == "services/__init__.py":
            continue
        subject = name.split("/")[1].removesuffix(".py")
        for whole in imports(name, tree):
            target = subject_of(whole)
            if target and SUBJECTS.index(target) > SUBJECTS.index(subject):
                wrong.append(f"{name} imports {whole}")
    return wrong


def circles(modules: dict[str, ast.Module]) -> list[str]:
    """Subjects of services/ that import each other, directly or through others, as "a -> b -> a"."""
    below: dict[str, set[str]] = {}
    for name, tree in modules.items():
        if name.startswith("services/") and name != "services/__init__.py":
            subject = name.split("/")[1].removesuffix(".py")
            used = {subject_of(whole) for whole in imports(name, tree)}
            below.setdefault(subject, set()).update(used - {subject, ""})
    return circle(below)


def circle(below: dict[str, set[str]]) -> list[str]:
    """The first circle of a graph, as "a -> b -> a"; none where there is none."""
    try:
        TopologicalSorter(below).prepare()
    except CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]
    return []


def tables_by_string(modules: dict[str, ast.Module]) -> list[str]:
    """Tables that are looked up by their names: `table_of(Order)` is found by whoever searches for Order."""
    return [
        f"{name}:{node.lineno}"
        for name, tree in modules.items()
        if not name.startswith("models/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node).endswith("metadata.tables")
    ]


ADMIN_MAY_IMPORT = ("shell", "base", "forms", "input_types", "attempt_limits", "live", "reauth")
"""Modules of state/ that storefront and back office share; what they show alike is in components/."""


def admin_mixed_with_storefront(modules: dict[str, ast.Module]) -> list[str]:
    """Imports of the back office by the storefront's pages and parts, and the other way round.

    Both share the kit: what lies in components/ itself. `page.py` and the list of all pages know of both.
    """
    wrong = []
    for name, tree in modules.items():
        if room_of(name) not in ("state", "components", "pages") or name == "pages/own.py":
            continue
        is_admin = "/admin/" in name
        for whole in imports(name, tree):
            parts = [*whole.split("."), "", ""]
            if parts[0] != "shop_app" or parts[1] not in ("state", "components", "pages"):
                continue
            shared = ADMIN_MAY_IMPORT if parts[1] == "state" else ()
            others = is_admin and parts[1] != "components" and parts[2] not in ("admin", *shared)
            if others or (not is_admin and parts[2] == "admin"):
                wrong.append(f"{name} imports {whole}")
    return wrong


def single_readings(modules: dict[str, ast.Module]) -> list[str]:
    """Elements, conditions and lists of Reflex's own: those of the kit give the HTML as well."""
    own = re.compile(r"(rx|reflex)\.(el\.\w+|cond|foreach|match|fragment|html)")
    return [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name, tree in modules.items()
        if room_of(name) in ("components", "pages", "page") and name != "components/kit.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and own.fullmatch(ast.unparse(node))
    ]


RULES = (
    (rightward, "services/catalog/commands.py", "from ..orders import commands"),
    (rightward, "services/staff/audit.py", "from shop_app.services.returns.status import lock"),
    (circles, "services/shipping/queries.py", "from ..cart import lines\nfrom ..storefront import home"),
    (tables_by_string, "services/cart/lines.py", "cart = SQLModel.metadata.tables['cart']"),
    (admin_mixed_with_storefront, "pages/home.py", "from shop_app.state.admin.orders import OrderAdmin"),
    (admin_mixed_with_storefront, "components/layout.py", "from .admin import frame"),
    (admin_mixed_with_storefront, "pages/admin/home.py", "from ..home import home"),
    (admin_mixed_with_storefront, "state/admin/orders.py", "from ..order import order_token"),
    (single_readings, "pages/home.py", "import reflex as rx\nrx.cond(Home.loaded, rx.el.p(), rx.el.hr())"),
)
"""Rule, module, and what would break it there."""


@pytest.mark.parametrize(
    "rule", [rightward, circles, tables_by_string, admin_mixed_with_storefront, single_readings]
)
def test_the_shop_keeps_the_rule(rule):
    assert rule(sources()) == []


@pytest.mark.parametrize(("rule", "name", "code"), RULES, ids=lambda given: getattr(given, "__name__", None))
def test_a_module_that_breaks_the_rule_is_found(rule, name: str, code: str):
    assert rule(sources() | {name: ast.parse(code)})


def test_every_subject_has_its_place():
    there = {name.split("/")[1].removesuffix(".py") for name in sources() if name.startswith("services/")}
    assert there - {"__init__"} == set(SUBJECTS)


def test_what_stands_above_all_is_imported_by_its_own_alone():
    wrong = [
        f"{name} imports {whole}"
        for name, tree in sources().items()
        for target, whole in shop_rooms(name, tree)
        if target in ONLY_FROM and room_of(name) not in (target, *ONLY_FROM[target])
    ]
    assert not wrong, "\n".join(wrong)


def test_no_rooms_import_each_other_in_a_circle():
    """By what the files really import, whatever the table above says."""
    below = {room_of(name): set[str]() for name in sources()}
    for name, tree in sources().items():
        room = room_of(name)
        below[room] |= {
            target for target, whole in shop_rooms(name, tree) if not _agreed(room, target, whole)
        } - {room}
    assert circle(below) == []


def _agreed(room: str, target: str, whole: str) -> bool:
    """A component may name the views it shows, to type its arguments."""
    return room == "components" and target == "services" and whole.rpartition(".")[2][0].isupper()


@pytest.mark.parametrize(
    "package", ["core", "core/access", "workflows", "realtime", "worker", "cli", "providers/payments"]
)
def test_a_package_exports_nothing_of_its_modules(package: str):
    """One way to import each thing: by the file that it stands in."""
    name = f"{package}/__init__.py"
    assert list(imports(name, sources()[name])) == []


def test_state_knows_no_tables():
    wrong = [
        f"{name} imports {whole}"
        for name, tree in sources().items()
        if room_of(name) in ("state", "components", "pages", "realtime")
        for target, whole in shop_rooms(name, tree)
        if target == "models"
    ]
    assert not wrong, "\n".join(wrong)


def test_only_upper_rooms_know_reflex():
    wrong = [
        f"{name} imports {whole}"
        for name, tree in sources().items()
        if room_of(name) not in REFLEX_IN
        for whole in imports(name, tree)
        if whole.split(".")[0] in ("reflex", "reflex_base")
    ]
    assert not wrong, "\n".join(wrong)


WEB_PACKAGES = ("starlette", "granian", "socketio", "httpx", "httpcore", "requests", "stripe")


def test_services_know_no_web():
    wrong = [
        f"{name} imports {whole}"
        for name, tree in sources().items()
        if room_of(name) in ("services", "models", "core") and name not in FETCHES
        for whole in imports(name, tree)
        if whole.split(".")[0] in WEB_PACKAGES
    ]
    assert not wrong, "\n".join(wrong)


FETCHES = tuple(f"services/product_files/{name}.py" for name in ("fetching", "public_connections"))
"""Fetches the pictures that an imported file names, before the transaction that keeps them."""


def test_text_files_are_read_and_written_as_utf_8():
    """Whatever the machine's language is."""
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("read_text", "write_text")
        and "encoding" not in {keyword.arg for keyword in node.keywords}
    ]
    assert not wrong, "\n".join(wrong)


def test_only_one_provider_and_the_sandbox_know_stripe():
    wrong = [
        f"{name} imports {whole}"
        for name, tree in sources().items()
        if not name.startswith(STRIPE_IN)
        for whole in imports(name, tree)
        if whole.split(".")[0] == "stripe"
    ]
    assert not wrong, "\n".join(wrong)


def test_only_db_opens_and_commits_transactions():
    wrong = []
    for name, tree in sources().items():
        if name in ("core/db.py", "core/sqlite_writer.py", "core/migrate.py"):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if re.search(r"(session|connection)\.(commit|rollback)$", called):
                wrong.append(f"{name}:{node.lineno} calls {called}")
            if called in ("Session", "create_engine", "sessionmaker"):
                wrong.append(f"{name}:{node.lineno} makes its own {called}")
    assert not wrong, "\n".join(wrong)


def test_time_comes_from_the_clock_alone():
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in sources().items()
        if name != "core/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and re.search(r"(datetime\.(now|utcnow|today)|date\.today)$", ast.unparse(node.func))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_day_is_asked_of_the_clock_alone():
    """The date of a moment in UTC isn't the shop's day."""
    wrong = [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name, tree in sources().items()
        if name != "core/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and IN_ANOTHER_ZONE.search(ast.unparse(node))
    ]
    assert not wrong, "\n".join(wrong)


IN_ANOTHER_ZONE = re.compile(r"\.date\(\)$|^func\.date\(|\.replace\(.*\bhour=0\b|\.combine\(")
"""A moment's day, or the beginning of one, by other means than the clock's."""


@pytest.mark.parametrize("package", ["models", "services"])
def test_what_is_and_what_happens_load_without_reflex(package: str):
    # A fresh interpreter: in this one another test has surely loaded Reflex already.
    code = (
        "import sys, pkgutil, importlib\n"
        "class Closed:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('reflex', 'reflex_base', 'starlette', 'stripe', 'granian'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Closed())\n"
        f"import shop_app.{package} as p\n"
        "for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.'): importlib.import_module(m.name)\n"
    )
    completed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr[-2000:]


def test_files_stay_readable():
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path in committed()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ("shop_app", "bench")
        if (count := path.read_text().count("\n")) > 400
    }
    assert not long.keys() - LONG_FILES.keys(), f"Split by subject, or name the reason: {long}"


def test_functions_stay_readable():
    long = {}
    for name, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 60:
                    long[f"{name}:{node.name}"] = length
    assert not long.keys() - LONG_FUNCTIONS.keys(), f"Split, or name the reason: {long}"


def test_every_module_says_what_it_owns():
    silent = [name for name, tree in sources().items() if tree.body and not ast.get_docstring(tree)]
    assert not silent, silent


# Written so that this file doesn't find itself.
PLACES = re.compile(
    r"(?<![\w.$}-])/(tmp|work|root|home)/\w"
    r"|https?://[\w.-]*(npmj[s]|pyp[i]\.org|pythonhoste[d]|registr[y]\.)[\w.-]*"
)
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".in",
    ".css",
    ".js",
    ".json",
    ".lock",
    ".ini",
    ".mako",
    ".yml",
    ".html",
    "",
}


def test_no_machine_and_no_registry_is_named_in_what_is_committed():
    wrong = []
    for path in committed():
        if path.suffix not in TEXT or path.stat().st_size > 3_000_000:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {match[0]}" for match in PLACES.finditer(text)][:3]
    assert not wrong, "\n".join(wrong)


def test_pages_take_no_markup_and_run_no_script_from_a_string():
    """`raw_html` shows text as markup, and call_script needs a policy that allows evaluation."""
    wrong = []
    for name, tree in sources().items():
        if room_of(name) not in ("state", "components", "pages", "realtime", "shop_app"):
            continue
        for node in ast.walk(tree):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if re.fullmatch(
                r"(rx|reflex)\.(call_script|run_script|call_function|console_log|window_alert)", called
            ):
                wrong.append(f"{name}:{node.lineno} {called}")
            if re.fullmatch(r"(rx|reflex)\.(LocalStorage|Cookie|SessionStorage|upload|upload_files)", called):
                wrong.append(f"{name}:{node.lineno} {called}")
            if called == "raw_html" and name not in SANITISED_HTML:
                wrong.append(f"{name}:{node.lineno} {called}: only for what nh3 has cleaned; name it here")
    assert not wrong, "\n".join(wrong)


SANITISED_HTML = {
    "pages/product.py",
    "pages/plain.py",
    "pages/withdrawal.py",
    "pages/admin/settings/legal.py",
    "components/admin/product_fields.py",
}
"""Where HTML that nh3 has cleaned may be shown."""


def test_no_radix_themes():
    themed = (
        "button|heading|text|box|flex|grid|card|badge|dialog|theme|input|select|text_area|checkbox|container|link"
        "|vstack|hstack|stack|center|spacer|table|tabs|callout|popover|tooltip|avatar|spinner|separator|section"
    )
    wrong = [
        f"{name}:{node.lineno} {ast.unparse(node.func)}"
        for name, tree in sources().items()
        if room_of(name) in ("components", "pages", "state", "shop_app")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and re.match(rf"rx\.({themed})(\.|$)", ast.unparse(node.func))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_shared_state():
    wrong = [
        name
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "SharedState"
    ]
    assert not wrong, wrong


def test_only_the_stock_service_writes_stock_levels():
    """The three numbers and their ledger can only agree where one file writes both."""
    wrong = []
    for name, tree in sources().items():
        if name in ("services/inventory/commands.py", "models/stock.py", "models/__init__.py"):
            continue
        for node in ast.walk(tree):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("StockLevel", "StockMovement") and not name.startswith(STOCK_MAKERS):
                wrong.append(f"{name}:{node.lineno} {called}")
            stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            if stored and node.attr in ("on_hand", "allocated", "held"):
                wrong.append(f"{name}:{node.lineno} writes {node.attr}")
    assert not wrong, "\n".join(wrong)


STOCK_MAKERS = ("demo/", "services/catalog/products")
"""Rooms that write the first rows of a new variant in bulk, level and movement together."""


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_by_hash(name: str):
    """pip refuses a file whose hash isn't listed; one package without any would let them all go unchecked."""
    text = (ROOT / name).read_text()
    packages = [part for part in re.split(r"\n(?=[A-Za-z0-9])", text) if not part.startswith("#")]
    assert len(packages) > 20
    loose = [
        part.splitlines()[0]
        for part in packages
        if not re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", part) or "--hash=sha256:" not in part
    ]
    assert loose == []
    # Which registry they come from is the affair of the machine that installs them.
    assert "://" not in text
    assert f"$(PIP) --require-hashes -r {name}" in (ROOT / "Makefile").read_text()
