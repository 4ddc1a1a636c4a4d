"""Mutation testing: `python tests/mutate.py training.loop` changes the code, and tests must notice.

mutmut makes the mutants: one small change each, such as `<` for `<=`, or an argument left out. The
tests are collected once; then each mutant runs in a process forked from there, which puts the
changed code into the functions that are loaded, and calls the tests that reach the changed lines
until one fails: first those that are short, or have noticed much. So torch is imported once,
decorated functions take part too, and most mutants take less than a second.

Left out is what changes no behaviour or cannot be put in: the words of messages (strings with a
space, `raise` statements, what is assigned to MESSAGES or passed to `refusal` and `describe`),
`strict=True`, which states what always holds, default values of parameters, code outside functions,
and for each string two of mutmut's three changes.

A module passes if at least nine in ten of its mutants are noticed, and what survives is listed with
the reason in tests/mutants.toml. All results are in build/mutation.
"""

import argparse
import ast
import gc
import importlib
import json
import os
import resource
import signal
import sys
import textwrap
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import libcst as cst
import pytest
from _pytest.runner import runtestprotocol
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutation"]
LISTED = ROOT / "tests" / "mutants.toml"
REPORT = ROOT / "build" / "mutation"
MESSAGES = {"got", "mend", "message", "problem", "refused", "rule", "whole"}
WORDS = {"refusal", "describe"}
PYTEST = (
    *("-q", "--tb=no", "--no-showlocals", "--hypothesis-profile=mutation", "--kills=3"),
    *("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:cov", "-m", "not cuda"),
)


@dataclass(frozen=True)
class Mutant:
    """Hold one change of one function.

    `was` and `becomes` are the changed lines, `lines` are their numbers in the file.
    """

    path: Path
    function: str
    lines: range
    was: str
    becomes: str
    code: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others, wherever in the file the function stands."""
        return f"{module_of(self.path)}.{self.function}", self.was, self.becomes


class Visitor(MutationVisitor):
    """Collect mutants, in decorated functions too, but not in the words of messages."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return False
        if isinstance(node, cst.Raise | cst.Param) or _is_strict(node):
            return True
        if isinstance(node, cst.Assign):
            (target, *_) = (part.target for part in node.targets)
            return isinstance(target, cst.Name) and target.value in MESSAGES
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name):
            return node.func.value in WORDS
        return super()._skip_node_and_children(node)

    def _create_mutations(self, node: cst.CSTNode) -> None:
        before = len(self.mutations)
        super()._create_mutations(node)
        made = self.mutations[before:]
        if isinstance(node, cst.SimpleString):
            made = [] if _is_prose(node) else made[:1]
        if isinstance(node, cst.Call):
            kept = [arg for arg in node.args if _is_prose(arg.value) or _is_strict(arg)]
            made = [one for one in made if all(arg in one.mutated_node.children for arg in kept)]
        self.mutations[before:] = made


def _is_prose(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Name):
        return node.value in MESSAGES
    is_text = isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString)
    return is_text and " " in cst.Module([]).code_for_node(node)


def _is_strict(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == "strict"


def path_of(module: str) -> Path:
    """Return the file of a module: training.loop."""
    return ROOT / "src" / "nnbook" / f"{module.replace('.', '/')}.py"


def module_of(path: Path) -> str:
    """Return the name by which the command line calls a module: training.loop."""
    return ".".join(path.relative_to(ROOT / "src" / "nnbook").with_suffix("").parts)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Make the mutants of a file."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    visitor = Visitor(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    ranges: Any = wrapper.resolve(PositionProvider)
    classes = {
        part: each.name.value
        for each in wrapper.module.body
        if isinstance(each, cst.ClassDef)
        for part in each.body.body
    }
    for mutation in visitor.mutations:
        function, old = mutation.contained_by_top_level_function, mutation.original_node
        if not isinstance(function, cst.FunctionDef):
            continue
        before = wrapper.module.code_for_node(function)
        after = wrapper.module.code_for_node(function.deep_replace(old, mutation.mutated_node))  # type: ignore[arg-type]
        was, becomes = _changed(before, after)
        name, place = function.name.value, ranges[old]
        assert isinstance(place, CodeRange)
        if function in classes:
            after = f"class {classes[function]}:\n{textwrap.indent(after, '    ')}"
            name = f"{classes[function]}.{name}"
        yield Mutant(path, name, range(place.start.line, place.end.line + 1), was, becomes, after)


def _changed(before: str, after: str) -> tuple[str, str]:
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    was, becomes = (" ".join(line.strip() for line in lines) for lines in (old, new))
    return was, becomes


def functions_of(path: Path) -> dict[str, list[FunctionType]]:
    """Find the functions of a file that are loaded, whatever decorates them, by their names."""
    found = defaultdict(list)
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__code__.co_filename == str(path):
            found[each.__code__.co_qualname].append(each)
    return found


def put_in(mutant: Mutant, functions: list[FunctionType]) -> None:
    """Change a loaded function."""
    code = compile(ast.parse(mutant.code), str(mutant.path), "exec")
    for name in mutant.function.split("."):
        parts = (part for part in code.co_consts if isinstance(part, CodeType))
        code = next(part for part in parts if part.co_name == name)
    for each in functions:
        each.__code__ = code


class Loop:
    """Take the place of pytest's loop over the tests."""

    def __init__(self, modules: list[str]) -> None:
        self.paths = {module: path_of(module) for module in modules}
        self.verdicts: dict[str, str] = {}
        self._noticed = Counter[str]()  # how many mutants each test has noticed

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """Leave types and shapes unchecked: that takes half of the tests' time."""
        jaxtyping = importlib.import_module("jaxtyping")
        jaxtyping.install_import_hook = lambda *_: None  # type: ignore[attr-defined]
        # torch imports it with the first optimizer, which takes a second: once, not in each mutant.
        importlib.import_module("torch._dynamo")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out which tests reach which lines, and run them for each mutant."""
        items = {item.nodeid: item for item in session.items}
        reached, seconds = self._reached(session.items)
        REPORT.mkdir(parents=True, exist_ok=True)
        functions = {module: functions_of(path) for module, path in self.paths.items()}
        gc.freeze()
        for module, path in self.paths.items():
            results = []
            with (REPORT / f"{module}.jsonl").open("w", encoding="utf-8") as file:
                for mutant in mutants_of(path):
                    tests = {test for line in mutant.lines for test in reached[module][line]}
                    chosen = self._chosen(tests, seconds)
                    loaded = functions[module][mutant.function]
                    limit = sum(seconds[test] for test in chosen)
                    result = {
                        "function": mutant.key[0],
                        "line": mutant.lines[0],
                        "was": mutant.was,
                        "becomes": mutant.becomes,
                        **tried(mutant, loaded, [items[test] for test in chosen], limit),
                    }
                    self._noticed[result["by"]] += 1
                    results.append(result)
                    file.write(json.dumps(result) + "\n")
                    file.flush()
            self.verdicts[module] = verdict(module, results)
            print(f"\n{module}\n{self.verdicts[module]}", flush=True)
        return True

    def _chosen(self, tests: set[str], seconds: dict[str, float]) -> list[str]:
        """Put the tests first that are short, or have noticed much; leave out what takes long."""

        def worth(test: str) -> tuple[float, str]:
            return (1 + self._noticed[test]) / (0.1 + seconds[test]), test

        chosen, rest = [], SETTINGS["seconds"]
        for test in sorted(tests, key=worth, reverse=True):
            if rest > 0:
                chosen.append(test)
            rest -= seconds[test]
        return chosen

    def _reached(
        self, items: list[pytest.Item]
    ) -> tuple[dict[str, dict[int, set[str]]], dict[str, float]]:
        """Run all tests in a fork, so that nothing is kept from there, and see what they reach."""
        names = [str(path) for path in self.paths.values()]

        def look() -> str:
            watch = coverage.Coverage(data_file=None, include=names, config_file=False)
            watch.start()
            seconds, failed = {}, []
            for item, following in zip(items, [*items[1:], None], strict=True):
                watch.switch_context(item.nodeid)
                start = time.process_time()
                if not passes(item, following):
                    failed.append(item.nodeid)
                seconds[item.nodeid] = time.process_time() - start
            watch.stop()
            lines = {name: watch.get_data().contexts_by_lineno(name) for name in names}
            return json.dumps({"lines": lines, "seconds": seconds, "failed": failed})

        answer = json.loads(in_fork(look)[0])
        if answer["failed"]:
            pytest.exit(f"tests fail without any mutant: {', '.join(answer['failed'])}", 1)
        seconds = answer["seconds"]
        print(f"{len(seconds)} tests, {sum(seconds.values()):.0f} s", flush=True)
        reached = {}
        for module, path in self.paths.items():
            lines = answer["lines"][str(path)]
            reached[module] = defaultdict(set) | {int(k): set(v) - {""} for k, v in lines.items()}
        return reached, seconds


def passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run a test."""
    try:
        reports = runtestprotocol(item, log=False, nextitem=following)
    except (KeyboardInterrupt, pytest.exit.Exception):  # pytest would end the whole run
        return False
    return not any(report.failed for report in reports)


def in_fork(task: Callable[[], str]) -> tuple[str, int]:
    """Do a task in a process of its own; return what it says, and how the process ended."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        code = 1
        try:
            os.close(reader)
            said = task()
            with os.fdopen(writer, "w") as pipe:
                pipe.write(said)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    return said, os.waitpid(child, 0)[1]


def tried(
    mutant: Mutant, functions: list[FunctionType], items: list[pytest.Item], seconds: float
) -> dict[str, str]:
    """Run tests with a mutant until one fails; a hang and a crash are noticed too."""
    assert functions, mutant

    def run() -> str:
        signal.alarm(60 + int(40 * seconds))
        most = 10 + int(5 * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        put_in(mutant, functions)
        pairs = zip(items, [*items[1:], None], strict=True)
        return next((item.nodeid for item, following in pairs if not passes(item, following)), "")

    if not items:
        return {"status": "no test", "by": ""}
    by, ended = in_fork(run)
    if os.WIFSIGNALED(ended):
        return {"status": "killed", "by": signal.Signals(os.WTERMSIG(ended)).name}
    if os.WEXITSTATUS(ended) != 0:
        return {"status": "could not run", "by": ""}
    return {"status": "killed" if by else "survived", "by": by}


def listed() -> dict[tuple[str, str, str], str]:
    """Return the mutants that may survive, with the reasons."""
    entries = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("mutant", [])
    return {(each["function"], each["was"], each["becomes"]): each["reason"] for each in entries}


def verdict(module: str, results: list[dict[str, Any]]) -> str:
    """Say how a module did, what survived without a reason, and what is listed in vain."""
    counts = Counter(each["status"] for each in results)
    share = counts["killed"] / max(counts.total(), 1)
    reasons, survivors, unknown = listed(), set(), []
    for each in results:
        key = each["function"], each["was"], each["becomes"]
        if each["status"] == "killed":
            continue
        survivors.add(key)
        if key not in reasons:
            unknown.append((*key, f"line {each['line']}, {each['status']}"))
    unknown += [
        (*key, "listed, and does not survive")
        for key in reasons
        if key[0].startswith(f"{module}.") and key not in survivors
    ]
    lines = [
        f"{function} ({what})\n    was      {was}\n    becomes  {becomes}"
        for function, was, becomes, what in unknown
    ]
    passed = share >= SETTINGS["least"] and not unknown
    summary = f"{counts['killed']} of {counts.total()} noticed, {share:.1%}"
    lines.append(f"{'passed' if passed else 'FAILED'}: {summary}; {len(unknown)} to look at")
    return "\n".join(lines)


def all_modules() -> list[str]:
    """Return the modules that can be mutated."""
    folders = [ROOT / "src" / "nnbook" / package for package in SETTINGS["tests"]]
    files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    left_out = {*SETTINGS["left_out"], *(f"{package}.__init__" for package in SETTINGS["tests"])}
    return [module_of(path) for path in files if module_of(path) not in left_out]


def main() -> int:
    """Mutate the modules named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="training.loop, sweeps, ...; all without a word")
    words = parser.parse_args().modules
    known = all_modules()
    for word in words:
        if word not in [*SETTINGS["tests"], *known]:
            parser.error(f"no module is called {word}; there are {', '.join(known)}")
    failed = False
    for package, tests in SETTINGS["tests"].items():
        modules = [
            module
            for module in known
            if module.startswith(f"{package}.") and (not words or {module, package} & {*words})
        ]
        if not modules:
            continue
        loop = Loop(sorted(modules, key=words.index) if {*modules} <= {*words} else modules)
        if (child := os.fork()) == 0:  # pytest is to find a process that has run no tests
            files = [f"tests/test_{name}.py" for name in tests]
            pytest.main([*files, *PYTEST], plugins=[loop])
            passed = [
                words.splitlines()[-1].startswith("passed") for words in loop.verdicts.values()
            ]
            os._exit(0 if len(passed) == len(modules) and all(passed) else 1)
        failed |= os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    return int(failed)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
