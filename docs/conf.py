"""How Sphinx builds the book."""

import gc
import importlib.metadata
import os
import shutil
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS / "_ext"))
# Sphinx makes millions of objects that stay: looking for garbage among them as often as Python does
# by default takes a quarter of a build in which no page runs.
gc.set_threshold(200_000, 30, 30)
# Tiny networks are several times slower on two threads than on one; workers inherit this.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["NNBOOK_BENCHMARKS"] = str(DOCS / "_data" / "benchmarks.json")  # for page 8.5
# What notebook kernels read when they start: SVG figures, and no line about the connection.
profile = ROOT / "build" / "ipython" / "profile_default"
profile.mkdir(parents=True, exist_ok=True)
shutil.copy(DOCS / "_ext" / "ipython_kernel_config.py", profile)
os.environ["IPYTHONDIR"] = str(profile.parent)
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(DOCS), str(DOCS / "_ext"), os.environ.get("PYTHONPATH")])
)

from chapters import chosen_chapters  # noqa: E402
from depends import exported  # noqa: E402

project = "nnbook"
author = "The nnbook developers"
copyright = "2026, the nnbook developers"
release = version = importlib.metadata.version("nnbook")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_gallery.gen_gallery",
    "myst_nb",
    "numpydoc",
    "sphinx_copybutton",
    "figures",
    "mathml",
    "notebooks",
    "cells",
    "executed",
    "stubs",
    "reruns",
    "built",
    "suggest",
    "books",
    "reading",
    "web",
    "graphs",
    "explorers",
    "head",
    "hosting",
    "quiz",
    "deck",
    "accessible",
]
exclude_patterns = [
    "auto_examples/**/*.ipynb",
    "auto_examples/**/*.py",
    "auto_examples/index.rst",
    "api/backreferences",
    "jupyter_execute",
    "_*",
]
templates_path = ["_templates"]
default_role = "code"  # as in our docstrings

# The look.
html_theme = "furo"
html_title = "nnbook"
html_static_path = ["_static", "_web/static"]
html_css_files = ["nnbook.css", "interactive.css", "explorers.css", "playground/playground.css"]
html_js_files = ["nnbook.js", "explorers.js"]
html_favicon = "_static/favicon.svg"
html_math_renderer = "mathml"
html_scaled_image_link = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"

# Where the source lives, such as https://github.com/NAME/REPOSITORY: GitHub's workflows say it.
repository = os.environ.get("NNBOOK_REPOSITORY", "")
if not repository and "GITHUB_REPOSITORY" in os.environ:
    repository = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"

# Where the site will live: canonical links, and a card for each page that is shared.
if address := os.environ.get("NNBOOK_SITE_ADDRESS", ""):
    extensions.append("sphinxext.opengraph")
    html_baseurl = ogp_site_url = f"{address.rstrip('/')}/"
    ogp_enable_meta_description = False  # docs/_ext/head.py writes one
    ogp_social_cards = {"line_color": "#0072b2"}

# The book as one file: `nox -s books`.
epub_basename = "nnbook"
epub_title = epub_description = "nnbook: a book that runs"
epub_author = epub_publisher = author
epub_identifier = repository or "nnbook"
epub_scheme = "URL" if repository else "unknown"
epub_uid = "nnbook"
epub_show_urls = "no"  # addresses stay behind the words that link to them
epub_css_files = ["book.css"]
if "book" in tags:  # Sphinx gives it: the page that is printed as PDF
    html_theme, html_theme_options = "basic", {}
    html_css_files, html_js_files = ["book.css"], []
epub_exclude_files = ["404.xhtml", "search.xhtml", "_static/nnbook.js", "_static/nnbook.css"]
suppress_warnings = [
    "config.cache",  # sphinx-gallery's settings name functions
    "epub.unknown_project_files",  # files of the site that a book has no use for
]

# The gallery: every script is run.
sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": "|".join(rf"/{chapter}/plot_" for chapter in chosen_chapters())
    or "(?!)",  # no chapter: nothing fits this
    "within_subsection_order": "FileNameSortKey",
    "parallel": False,  # docs/_ext/reruns.py runs the pages side by side
    "abort_on_example_error": True,
    "image_scrapers": ("figures.scrape",),
    "reset_modules": ("figures.reset",),
    "capture_repr": ("_repr_html_",),
    "doc_module": ("nnbook",),
    "backreferences_dir": "api/backreferences",
    "write_computation_times": False,
    "remove_config_comments": True,
    "min_reported_time": float("inf"),  # the sentence at a page's end says it
    "download_all_examples": False,
}

# Pages beside the gallery; their kernels find solutions.py in this folder.
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "build" / "jupyter-cache")
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_render_markdown_format = "myst"

# The API pages, from docstrings that are held to numpydoc's rules.
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings give types with shapes
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {
    "Axes": "matplotlib.axes.Axes",
    "Figure": "matplotlib.figure.Figure",
    "Module": "torch.nn.Module",
    "nn.Module": "torch.nn.Module",
    "nn.Sequential": "torch.nn.Sequential",
    **{f"torch.{name}": f"torch.{name}" for name in ("Generator", "device", "dtype")},
    "Tensor": "torch.Tensor",
    "torch.optim.Optimizer": "torch.optim.Optimizer",
    **{name: f"nnbook.{name}" for name in exported("nnbook")},
}
numpydoc_xref_ignore = "all"
numpydoc_validation_checks = {
    "all",
    "ES01",  # an extended summary is not always needed
    "SA01",  # "see also": the chapters link what belongs together
    "GL01",  # the summary stands in the first line
    "RT02",  # return values are named where there are several
    "EX01",  # methods are shown in their class's example
    "PR01",  # jaxtyping's and dataclasses' generated signatures; ruff checks parameters
}
numpydoc_validation_exclude = {r"\.__init__$"}

# Other projects' documentation, by small inventories of our own: no network is needed.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3/", "_inventories/python.inv"),
    "torch": ("https://docs.pytorch.org/docs/stable/", "_inventories/torch.inv"),
    "numpy": ("https://numpy.org/doc/stable/", "_inventories/numpy.inv"),
    "matplotlib": ("https://matplotlib.org/stable/", "_inventories/matplotlib.inv"),
}
