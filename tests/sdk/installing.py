"""A checkout in which somebody installs the SDK with pip, as the pages say; what pip would fetch, Debian's packages have."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import zipfile
from pathlib import Path

from stage import ROOT

# pip and setuptools come with python3-venv, wheel with python3-wheel-whl.
DEBIAN_WHEELS = Path("/usr/share/python-wheels")
# Debian's requests uses as modules of their own what others carry inside, and does not say so.
REQUESTS = ("requests", "urllib3", "idna", "certifi", "chardet", "charset_normalizer", "six")


class Checkout:
    """The part of a checkout that holds the SDK; `pip` is what the environment tells pip instead of an index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = str(folder / ".venv/bin/python")
        ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", ".*")
        shutil.copytree(ROOT / "sdk/python", folder / "sdk/python", ignore=ignored)
        wheels = folder / "wheels"
        wheels.mkdir()
        self._wheel_of_requests(wheels)
        self.pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{DEBIAN_WHEELS} {wheels}", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                    # Debian's setuptools works with Debian's distutils alone.
                    "PATH": f"/usr/bin:{os.environ['PATH']}", "SETUPTOOLS_USE_DISTUTILS": "stdlib"}

    def _wheel_of_requests(self, wheels: Path) -> None:
        version = importlib.metadata.version("requests")
        about = f"requests-{version}.dist-info"
        with zipfile.ZipFile(wheels / f"requests-{version}-py3-none-any.whl", "w") as wheel:
            for name in REQUESTS:
                found = importlib.util.find_spec(name)
                if found is None or found.origin is None:
                    continue
                source = Path(found.origin)
                for file in [source] if source.name != "__init__.py" else sorted(source.parent.rglob("*")):
                    if file.is_file() and "__pycache__" not in file.parts:
                        base = source.parent if source.name != "__init__.py" else source.parent.parent
                        wheel.write(file, str(file.relative_to(base)))
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: requests\nVersion: {version}\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in [*wheel.namelist(), f"{about}/RECORD"]))
