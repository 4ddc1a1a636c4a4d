"""What a page depends on: its text, the modules that it uses, their data, the packages' versions.

Modules are found by reading the code, not by running it. ``nnbook.fit`` is followed through the
package's door, ``nnbook/__init__.py``, to the module that defines `fit`, and on to the modules that
this one uses. So a change in one module concerns the pages that use it and no others.
"""

import ast
import contextlib
import functools
import hashlib
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
SRC = ROOT / "src"
CODE_CELL = re.compile(r"^```\{code-cell\}.*?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CELL_OPTIONS = re.compile(r"\A(---\n.*?^---\n|(:[^\n]*\n)+)", re.DOTALL | re.MULTILINE)
# A page that shows code or docstrings depends on every letter of them.
SHOWS_SOURCE = re.compile(r"getsource|__doc__|help\(")


@dataclass
class Uses:
    """What some code uses: files of ours, packages of others, and patterns of data files' names."""

    files: set[Path] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    data: set[Path] = field(default_factory=set)


@functools.cache
def parsed(file: Path) -> ast.Module:
    """Return a file's syntax tree, without docstrings and what only type checkers see."""
    text = file.read_text(encoding="utf-8")
    cells = [text]
    if file.suffix == ".md":
        cells = [CELL_OPTIONS.sub("", cell) for cell in CODE_CELL.findall(text)]
    tree = ast.Module([], [])
    for cell in cells:
        with contextlib.suppress(SyntaxError):  # running it will say what is wrong
            tree.body += ast.parse(cell).body
    tree.body = [node for node in tree.body if not _is_for_type_checkers(node)]
    for node in ast.walk(tree):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _is_for_type_checkers(node: ast.stmt) -> bool:
    names = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    return isinstance(node, ast.If) and ast.unparse(node.test) in names


@functools.cache
def _nodes(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parsed(file)))


def uses(page: Path) -> Uses:
    """Return what a page uses, directly or through other modules; the page itself is first."""
    found = Uses()
    waiting = [page]
    while waiting:
        file = waiting.pop()
        if file in found.files:
            continue
        found.files.add(file)
        found.data |= set(_data_named_in(file))
        for origin in _origins_used(file):
            if isinstance(origin, str):
                found.packages.add(origin)
            elif origin.name == "__init__.py":
                found.files.add(origin)  # what a door itself defines, not all it leads to
            else:
                waiting.append(origin)
    found.packages -= set(sys.stdlib_module_names)
    return found


# Where a name comes from is written "package.module:name.attribute": what stands before the colon
# is a module for certain, as in `from package.module import name`. So nnbook.sweeps:sweep is the
# function that the package nnbook.sweeps exports, and not the module nnbook.sweeps.sweep.


@functools.cache
def _bindings(file: Path) -> dict[str, str]:
    """Return the names that a file imports, each with where it comes from."""
    package = list(file.relative_to(SRC).parent.parts) if file.is_relative_to(SRC) else []
    bound = {}
    for node in _nodes(file):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                bound[alias.asname or top] = f"{alias.name if alias.asname else top}:"
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*parents, *filter(None, [node.module])])
            for alias in node.names:
                bound[alias.asname or alias.name] = f"{module}:{alias.name}"
    return bound


def _deeper(origin: str, names: list[str]) -> str:
    return ".".join([origin, *names]).replace(":.", ":")


@functools.cache
def _names_used(file: Path) -> frozenset[str]:
    """Return the origins of what a file uses of its imports; ":*" is all of a module."""
    bound = _bindings(file)
    names = set(bound.values())
    heads = set()
    for node in _nodes(file):
        if isinstance(node, ast.Import):
            names |= {f"{alias.name}:" for alias in node.names}
        elif isinstance(node, ast.Attribute):
            inner: ast.AST = node
            parts = []
            while isinstance(inner, ast.Attribute):
                parts.insert(0, inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name) and inner.id in bound:
                heads.add(inner)
                names.add(_deeper(bound[inner.id], parts))
    for node in _nodes(file):
        if isinstance(node, ast.Name) and node.id in bound and node not in heads:
            names.add(_deeper(bound[node.id], ["*"]))  # handed on as it is, as in dir(nnbook)
    return frozenset(names)


@functools.cache
def _origins_used(file: Path) -> frozenset[Path | str]:
    return frozenset(origin for name in _names_used(file) for origin in _origins(name, file))


@functools.cache
def _module_at(path: Path) -> Path | None:
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _module(name: list[str], user: Path) -> Path | None:
    """Return the file of a module of ours, as `user` would import it."""
    roots = (SRC,) if user.is_relative_to(SRC) else (SRC, user.parent)
    found = (_module_at(root.joinpath(*name)) for root in roots)
    return next(filter(None, found), None)


def _origins(origin: str, user: Path) -> Iterator[Path | str]:
    """Yield the files that define what an origin names, or the foreign package that it is from."""
    path, _, names = origin.partition(":")
    module, rest = path.split("."), names.split(".") if names else []
    file = _module(module, user)
    if file is None:
        yield module[0]
        return
    while rest and file.name == "__init__.py":
        name, rest = rest[0], rest[1:]
        leads_to = _bindings(file).get(name)
        inner = _module([*module, name], user)
        if name == "*":
            yield from sorted(file.parent.rglob("*.py"))
            for each in _bindings(file).values():
                yield from _origins(_deeper(each, ["*"]), file)
            return
        if leads_to is not None and leads_to != f"{'.'.join(module)}:{name}":
            yield from _origins(_deeper(leads_to, rest), file)
            return
        if inner is None:
            yield file  # the door defines the name itself
            return
        module, file = [*module, name], inner
    if file.name != "__init__.py":
        yield file


def exported(package: str) -> list[str]:
    """Return the names in a package's `__all__`, without importing it."""
    door = _module_at(SRC / package)
    for node in _nodes(door) if door else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def data_folders() -> list[Path]:
    """Return the folders in which nnbook looks for data."""
    named = os.environ.get("NNBOOK_DATA_DIR")
    folders = [Path(named)] if named else []
    try:
        import platformdirs  # noqa: PLC0415  # comes with pooch, an extra, which asks it
    except ImportError:
        return folders
    return [*folders, Path(platformdirs.user_cache_dir("nnbook"))]


@functools.cache
def _data_named_in(file: Path) -> tuple[Path, ...]:
    """Return the data files that some code names.

    By their name, as it is or as in f"wine-{color}.csv"; or by an environment variable of ours.
    """
    names, patterns = set(), set()
    found: dict[str, Path] = {}
    for node in _nodes(file):
        if isinstance(node, ast.JoinedStr):
            fixed = [str(each.value) for each in node.values if isinstance(each, ast.Constant)]
            pieces = [
                re.escape(str(each.value)) if isinstance(each, ast.Constant) else "[^/]+"
                for each in node.values
            ]
            if len("".join(fixed)) > 5:  # more than the end, as of f"{name}.csv"
                patterns.add("".join(pieces))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value.rpartition("/")[2])
            if node.value.startswith("NNBOOK_") and Path(os.environ.get(node.value, "")).is_file():
                found[node.value] = Path(os.environ[node.value])
    named = re.compile("|".join(pattern for pattern in patterns if "\\." in pattern) or "(?!)")
    for folder in (*_folders(), file.parent):
        for path in sorted(folder.glob("*.*")):
            ours = path.suffix in (".py", ".md", ".rst")
            is_named = path.name in names or named.fullmatch(path.name)
            if not ours and path.name not in found and is_named:
                found[path.name] = path
    return tuple(found.values())


@functools.cache
def _folders() -> tuple[Path, ...]:
    return tuple(folder for folder in data_folders() if folder.is_dir())


@functools.cache
def distribution(package: str) -> tuple[str, str] | None:
    """Return under which name a package is installed, scikit-learn for sklearn, and its version."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return _name_and_version(importlib.metadata.distribution(package))
    # Far faster than importlib.metadata.packages_distributions, which takes every line apart.
    file_of_it = re.compile(rf"^{package}[./]", re.MULTILINE)
    for each in importlib.metadata.distributions():
        if file_of_it.search(each.read_text("RECORD") or ""):
            return _name_and_version(each)
    return None


def installed(packages: set[str]) -> dict[str, str]:
    """Return names and versions of those packages that are installed, in order."""
    return dict(filter(None, map(distribution, sorted(packages))))


def _name_and_version(each: importlib.metadata.Distribution) -> tuple[str, str]:
    return str(each.metadata["Name"]), each.version


@functools.cache
def _digest(file: Path, *, exactly: bool) -> str:
    if exactly or file.suffix != ".py":
        return hashlib.sha256(file.read_bytes()).hexdigest()
    # Neither comments nor docstrings change what a module does.
    return hashlib.sha256(ast.dump(parsed(file)).encode()).hexdigest()


def fingerprint(page: Path, *tools: Path) -> dict[str, str]:
    """Return all that decides what a page shows, by name; `tools` are modules that draw it.

    A page in Markdown is run again by jupyter-cache when its own code changes.
    """
    used = uses(page)
    files = used.files.union(*(uses(tool).files for tool in tools))
    text = page.read_text(encoding="utf-8")
    print_ = {"Python": platform.python_version()}
    for file in sorted(files):
        if file == page and page.suffix == ".md":
            continue
        exactly = file == page or SHOWS_SOURCE.search(text) is not None
        print_[file.relative_to(ROOT).as_posix()] = _digest(file, exactly=exactly)
    for file in sorted(used.data):
        print_[f"data {file.name}"] = _digest(file, exactly=True)
    return print_ | installed(used.packages)


def requirements(page: Path) -> tuple[str, list[str]]:
    """Return what a page needs installed: nnbook with its extras, and the pins of all packages."""
    from packaging.requirements import Requirement  # noqa: PLC0415  # not needed when nothing ran

    wanted = installed(uses(page).packages)
    ours = [Requirement(line) for line in importlib.metadata.requires("nnbook") or []]
    extras = sorted(
        extra
        for extra in importlib.metadata.metadata("nnbook").get_all("Provides-Extra") or []
        if any(
            need.name in wanted
            and need.marker is not None
            and need.marker.evaluate({"extra": extra})
            and not need.marker.evaluate({"extra": ""})
            for need in ours
        )
    )
    pins: dict[str, str] = {}
    waiting = [("nnbook", extra) for extra in ["", *extras]]
    seen = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            release = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # not needed here: another platform's
        if name != "nnbook":
            pins[name.lower()] = f"{name}=={release.partition('+')[0]}"
        for line in importlib.metadata.requires(name) or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                waiting += [(need.name, each) for each in ["", *sorted(need.extras)]]
    needs = f"nnbook[{','.join(extras)}]" if extras else "nnbook"
    return needs, [pins[key] for key in sorted(pins)]
