"""Every command that a contributor needs: ``nox`` runs all, ``nox -l`` lists them."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from shutil import which

import nox

# Some containers set it. Without bytecode each process compiles thousands of modules again: with
# TensorFlow it takes three times as long to start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = [
    "lint",
    "types",
    "tests",
    "lowest",
    "agreement",
    "doctest",
    "coverage",
    "wheel",
    "vectors",
    "demo",
    "examples",
    "docs",
    "browser",
]
nox.options.stop_on_first_error = False

ROOT = Path(__file__).parent
CONSTRAINTS = str(ROOT / "constraints.txt")
CHECKOUT = ["-e", ".", "-e", "./conformance"]
"""Both distributions."""
# mpmath computes with gmpy2 where it is installed: the oracle takes half of the time.
TOOLS = [
    "pytest",
    "pytest-xdist",
    "pytest-cov",
    "hypothesis",
    "mpmath",
    "gmpy2",
    "ml_dtypes",
    "jsonschema",
    "rich",
]
FAST = ["numba"]
"""Compiled loops. The sessions lowest and wheel are without them."""
FRAMEWORKS = {
    "numpy": FAST,
    "array_api_strict": ["array-api-strict"],
    "torch": ["torch", "numpy", "onnx", "array-api-strict", *FAST],
    "jax": ["jax", "optax", "flatbuffers", "array-api-strict"],
    "tensorflow": ["tensorflow-cpu", "array-api-strict", *FAST],
}
"""What each backend needs beside the package; the keys are those of the conformance adapters."""
ALL = sorted({package for packages in FRAMEWORKS.values() for package in packages} | {"keras"})
OTHERS = ["pandas", "polars", "pyarrow", "xarray", "dask", "sparse", "ndonnx", "mlx[cpu]"]
"""Libraries whose arrays and tables are read, or refused in a sentence."""
BOOSTING = ["xgboost-cpu", "lightgbm"]
"""Libraries that losses are objectives of. The package xgboost is the same with CUDA."""
DEMO = ["rich", "matplotlib", "scikit-learn"]
EXAMPLES = ["scikit-image", "scipy"]
HOMES = [
    *("torchmetrics", "lightning", "accelerate", "transformers", "onnxscript", "onnxruntime"),
    "tinygrad",
    *("flax", "equinox"),
]
"""Libraries that people train with, and that losses and metrics are at home in."""
SITE = ["mkdocs-material", "mkdocstrings[python]", "griffelib", "mike"]
"""What the documentation is built with."""
PLAYGROUND = ["starlette", "uvicorn"]
FURTHER = [*DEMO, *EXAMPLES, *OTHERS, *BOOSTING, *HOMES, *SITE, *PLAYGROUND, "playwright"]
OVER_RANKS = [
    "tests/backends/test_torch_ranks.py",
    "tests/backends/test_jax_denominators.py",
    "tests/backends/test_tensorflow_denominators.py",
]
"""Tests of sums over processes, devices and replicas."""
EVERYTHING = ROOT / ".nox" / "everything"
COVERING = ("numpy", "array_api_strict")
"""Backends whose tests say what no test reaches: the others run the same code, and their own."""
MEASURED = ["--cov", "--cov-report=", "--cover-one-in", "4"]
SPREAD = ["-n", "2", "--dist", "loadgroup", "--durations", "25"]
"""Over two processes; tests that share what takes long are in one (``xdist_group``)."""
SUITE = ["tests/backends", "tests/core", "tests/fuzz"]
TOGETHER = ["tests/homes", "tests/agreement", "tests/dialects"]
"""What takes longest comes first, so that no process waits for the other at the end."""
SAMPLE = {"numpy": 4, "array_api_strict": 4, "torch": 24, "jax": 24, "tensorflow": 24}
SAMPLE |= {"agreement": 24, "lowest": 24}
AT_LEAST = {"numpy": 40}
"""One in so many of each test function's sets of parameters, and so many at least: one, or 40.

NumPy's tests say what no test reaches, so most functions run with all their parameters there.
Most time goes into compiling, so functions that every framework runs are dealt out among those
that compile: each framework has a third of them at least once, of the others what the sample
draws. NumPy and array_api_strict run all functions. The session ``thorough`` runs everything.
"""


def sample(session: nox.Session, of: str) -> list[str]:
    """All where somebody says what to run: ``nox -s agreement -- -k optax``."""
    if session.posargs:
        return []
    return ["--one-in", str(SAMPLE[of]), "--at-least", str(AT_LEAST.get(of, 1)), "--deal"]


def install(session: nox.Session, *packages: str) -> None:
    """Exact versions. Where a range would do, pip could take another build of PyTorch.

    Bytecode is made when a module is imported: of most that are installed none ever is.
    """
    session.install("--no-compile", "-c", CONSTRAINTS, *packages)


def _covered_by(tests: str) -> str:
    """The file of what these tests have reached."""
    return str(EVERYTHING.parent / f".coverage.{tests}")


@nox.session(venv_backend="none", requires=["everything"])
@nox.parametrize("backend", list(FRAMEWORKS))
def tests(session: nox.Session, backend: str) -> None:
    """The test suite on one backend, in a process of its own: a sample where calls compile."""
    measured = MEASURED if backend in COVERING else []
    command = ["pytest", *SPREAD, *sample(session, backend), "--backend", backend, *measured]
    env = {"COVERAGE_FILE": _covered_by(backend)}
    run_with_everything(session, *command, *SUITE, *session.posargs, env=env)


@nox.session
def lowest(session: nox.Session) -> None:
    """NumPy and JAX, the demo and the commands, with the lowest versions that are allowed.

    Every test function with a sample of its parameters: what an older version lacks or does
    otherwise fails whatever the numbers are. Without tests of the oracle and of what judges by it,
    which need mpmath alone, and without array_api_strict, which has no lower version here.
    """
    extras = ["-e", ".[jax,demo,weights]", "-e", "./conformance[run]"]
    packages = [*TOOLS, *FRAMEWORKS["jax"]]
    constraints = _lowest(Path(session.create_tmp()))
    session.install("--no-compile", "-c", constraints, *extras, *packages)
    commands = ["test_cli.py", "test_demo.py", "test_weights_command.py"]
    folders = ["tests/core", "tests/backends", *(f"tests/documentation/{c}" for c in commands)]
    same = [f"--ignore=tests/core/test_{name}.py" for name in ("oracle", "wrong", "runner")]
    same += ["--deselect=tests/core/test_vectors.py::test_the_files_are_what_is_generated"]
    command = ["pytest", *SPREAD, *sample(session, "lowest")]
    session.run(*command, "--backend", "numpy", *same, *folders)
    session.run(*command, "--backend", "jax", "tests/backends")


def _lowest(folder: Path) -> str:
    """The exact versions, the lowest where there are such."""
    versions: dict[str, str] = {}
    for file in ("constraints.txt", "constraints-lowest.txt"):
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        versions.update(line.split("==") for line in lines if "==" in line)
    path = folder / "constraints.txt"
    path.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()))
    return str(path)


@nox.session(default=False)
def everything(session: nox.Session) -> None:
    """The environment of the sessions that need all frameworks: making it takes minutes."""
    install(session, *CHECKOUT, "mypy", "pyright", *TOOLS, *ALL, *FURTHER)
    # It requires the package tensorflow by that name, which tensorflow-cpu does not satisfy.
    install(session, "--no-deps", "tf_keras")
    # Its range of PyTorch ends before the one that is tested; its losses need nothing else.
    install(session, "--no-deps", "monai")
    # Its losses need PyTorch alone; its models need a torchvision built for this PyTorch.
    install(session, "--no-deps", "segmentation-models-pytorch")


PYTHON = str(EVERYTHING / "bin" / "python")


def run_with_everything(
    session: nox.Session, *command: str, env: dict[str, str] | None = None
) -> None:
    """``python -m command`` in that environment."""
    session.run(PYTHON, "-m", *command, external=True, env=env)


@nox.session(venv_backend="none", requires=["everything"])
def agreement(session: nox.Session) -> None:
    """All frameworks in one process: equal bits and errors; other libraries, training with them."""
    command = ["pytest", *SPREAD, *sample(session, "agreement")]
    run_with_everything(session, *command, *(session.posargs or TOGETHER))


@nox.session(default=False, venv_backend="none", requires=["everything"])
def thorough(session: nox.Session) -> None:
    """What other sessions see a sample of, whole: every case by every route, for hours."""
    each = [["--backend", backend, *SUITE] for backend in FRAMEWORKS]
    for tests in [session.posargs] if session.posargs else [*each, TOGETHER]:
        run_with_everything(session, "pytest", *SPREAD, *tests, env={"WCE_EVERY_CASE": "1"})


@nox.session(default=False, venv_backend="none", requires=["everything"])
def ranks(session: nox.Session) -> None:
    """Ranks × accumulation × uneven and empty pieces × reductions, whole: part of ``thorough``."""
    command = ["pytest", *(session.posargs or OVER_RANKS)]
    run_with_everything(session, *command, env={"WCE_EVERY_CASE": "1"})


@nox.session(default=False, venv_backend="none", requires=["everything"])
def fuzz(session: nox.Session) -> None:
    """Random calls against the oracle: an hour, or ``nox -s fuzz -- --minutes 5 --backend jax``."""
    run_with_everything(session, "fuzz", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(venv_backend="none", requires=["everything"])
def doctest(session: nox.Session) -> None:
    """Every example in docstrings, the README and the docs, with every framework."""
    command = ["pytest", *SPREAD, *MEASURED, "tests/documentation", *session.posargs]
    run_with_everything(session, *command, env={"COVERAGE_FILE": _covered_by("doctest")})


@nox.session(
    venv_backend="none",
    requires=["everything", *(f"tests(backend='{backend}')" for backend in COVERING), "doctest"],
)
def coverage(session: nox.Session) -> None:
    """Branches of wce_core that these tests do not take, by NumPy's blocks or the plain formula."""
    env = {"COVERAGE_FILE": str(EVERYTHING.parent / ".coverage")}
    found = [_covered_by(session) for session in (*COVERING, "doctest")]
    run_with_everything(session, "coverage", "combine", "--keep", "-q", *found, env=env)
    limits = ["--fail-under=98", "--show-missing", "--skip-covered"]
    run_with_everything(session, "coverage", "report", *limits, env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, common errors, and which floor may import which."""
    install(session, *CHECKOUT, "import-linter", "ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-logo")


@nox.session(venv_backend="none", requires=["everything"])
def types(session: nox.Session) -> None:
    """mypy strict, and pyright beside it: each uses one core."""
    mypy = [["mypy"], ["mypy", "tests/typing"], ["mypy", "examples"]]
    pyright = [["pyright", "--pythonpath", PYTHON]]
    with ThreadPoolExecutor() as pool:
        list(pool.map(partial(_in_turn, session), [mypy, pyright]))


def _in_turn(session: nox.Session, commands: list[list[str]]) -> None:
    for command in commands:
        run_with_everything(session, *command)


@nox.session
def wheel(session: nox.Session) -> None:
    """The built wheel in a clean environment: contents, imports, a third party's backend."""
    install(session, "build", "hatchling")
    session.run(
        "python", "-m", "build", "--wheel", "--no-isolation", "--outdir", session.create_tmp()
    )
    built = str(max(Path(session.create_tmp()).glob("*.whl")))
    install(session, built, "pytest")
    install(session, "--no-build-isolation", "tests/wheel/toy")
    session.run(
        "pytest", "-c", "tests/wheel/pytest.ini", "tests/wheel", env={"PYTHONSAFEPATH": "1"}
    )


@nox.session(requires=["everything"])
def vectors(session: nox.Session) -> None:
    """wce-vectors: its plugin and worked examples, and its wheel beside NumPy and pytest alone."""
    run_with_everything(session, "pytest", *SPREAD, *(session.posargs or ["tests/vectors"]))
    install(session, "build", "hatchling")
    folder = session.create_tmp()
    session.run("python", "-m", "build", "--no-isolation", "--outdir", folder, "conformance")
    built = str(max(Path(folder).glob("*.whl")))
    install(session, built, "numpy", "pytest")
    clean = ["-c", "tests/vectors_wheel/pytest.ini", "tests/vectors_wheel"]
    session.run("pytest", *clean, env={"PYTHONSAFEPATH": "1"})


@nox.session(default=False, venv_backend="none", requires=["everything"])
def bench(session: nox.Session) -> None:
    """Time and memory beside the frameworks' own losses, into the docs; on a quiet machine."""
    run_with_everything(session, "benchmarks", "--output", "docs", *session.posargs)


@nox.session(venv_backend="none", requires=["everything"])
def docs(session: nox.Session) -> None:
    """The site into ``.nox/site``, strictly; ``-- serve`` shows it, ``-- version 0.1`` keeps it.

    A version is kept by mike, in the local branch gh-pages; ``mike serve`` shows all of them.
    """
    env = {"NO_MKDOCS_2_WARNING": "1", "KERAS_BACKEND": "torch", "TF_CPP_MIN_LOG_LEVEL": "3"}
    config = ["--config-file", "website/mkdocs.yml"]
    match session.posargs:
        case ["serve", *rest]:
            run_with_everything(session, "mkdocs", "serve", *rest, *config, env=env)
        case ["version", *names]:
            programs = str(EVERYTHING / "bin")  # mike runs mkdocs by its name
            env |= {"SITE_VERSIONS": "mike", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
            command = [f"{programs}/mike", "deploy", "--update-aliases", *names, *config]
            session.run(*command, external=True, env=env)
        case rest:
            run_with_everything(session, "mkdocs", "build", *rest, *config, env=env)


@nox.session(venv_backend="none", requires=["docs"])
def browser(session: nox.Session) -> None:
    """The site and the playground in headless Chromium, on a wide and on a narrow screen.

    Debian's Chromium takes half a minute to install, so this is one of the usual sessions. It is
    installed here where that needs nobody's leave: as root, as in a container.
    """
    if which("chromium") is None:
        if os.geteuid() != 0 or which("apt-get") is None:
            session.skip("there is no chromium; install it: apt-get install chromium")
        session.run("apt-get", "update", "-qq", external=True)
        packages = ["--no-install-recommends", "chromium", "fonts-dejavu-core"]
        session.run("apt-get", "install", "-y", "-qq", *packages, external=True)
    run_with_everything(session, "pytest", "tests/browser")


@nox.session
def demo(session: nox.Session) -> None:
    """The main job, as a newcomer runs it: NumPy alone."""
    install(session, ".[demo]")
    session.run("wce-core", "demo", "--output", f"{session.create_tmp()}/demo.png")


@nox.session(venv_backend="none", requires=["everything"])
def examples(session: nox.Session) -> None:
    """Every script in ``examples``, on small settings."""
    session.run(PYTHON, "examples", "--quick", "--seeds", "2", *session.posargs, external=True)


if __name__ == "__main__":
    sys.exit("run `nox`")
