"""One blueprint for each noun the user sees: every file of this package that has a `bp`."""

import pkgutil
from importlib import import_module

_files = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
BLUEPRINTS = [file.bp for file in _files if hasattr(file, "bp")]
