"""How Sphinx builds the site: `make docs`."""

import sys
from pathlib import Path

import payrank

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "payrank"
project_copyright = "the payrank authors"
author = "the payrank authors"
version = release = payrank.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_nb",
    "sphinx_click",
    "command_examples",
    "data_tables",
    "settings_tables",
]
root_doc = "index"
exclude_patterns = ["_build", "notebooks/README.md", "notebooks/*.py", "**/.ipynb_checkpoints"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}

html_theme = "furo"
html_title = "payrank"
html_static_path = ["_static"]
html_css_files = ["payrank.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
nb_execution_mode = "off"  # the notebooks come with their outputs; the tests execute them and compare

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_rtype = False
suppress_warnings = ["myst.domains"]
default_role = "code"
smartquotes_action = "qe"  # keep the two hyphens of options such as --out
