"""Every command that a contributor needs: ``nox`` runs all, ``nox -l`` lists them."""

from __future__ import annotations

import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "tests", "agreement", "doctest", "wheel", "demo"]
nox.options.stop_on_first_error = False

CONSTRAINTS = str(Path(__file__).parent / "constraints.txt")
TOOLS = ["pytest", "pytest-xdist", "pytest-cov", "hypothesis", "mpmath", "ml_dtypes"]
FRAMEWORKS = {
    "numpy": [],
    "array_api_strict": ["array-api-strict"],
    "torch": ["torch", "numpy"],
    "jax": ["jax", "optax"],
    "tensorflow": ["tensorflow-cpu", "array-api-strict"],
}
"""What each backend needs beside the package; the keys are those of the conformance adapters."""
ALL = sorted({package for packages in FRAMEWORKS.values() for package in packages} | {"keras"})
DEMO = ["rich", "matplotlib", "scikit-learn"]


def install(session: nox.Session, *packages: str) -> None:
    """Exact versions. Where a range would do, pip could take another build of PyTorch."""
    session.install("-c", CONSTRAINTS, *packages)


@nox.session
@nox.parametrize("backend", list(FRAMEWORKS))
def tests(session: nox.Session, backend: str) -> None:
    """The test suite on one backend, alone in its environment."""
    install(session, "-e", ".", *TOOLS, *FRAMEWORKS[backend])
    coverage = ["--cov", "--cov-report=term", "--cov-fail-under=98"] if backend == "numpy" else []
    session.run("pytest", "-n", "2", "--backend", backend, *coverage, *session.posargs)


@nox.session(default=False)
def compiled(session: nox.Session) -> None:
    """Every case through ``torch.compile``: about half an hour, so not by default."""
    install(session, "-e", ".", *TOOLS, *FRAMEWORKS["torch"])
    env = {"WCE_EVERY_CASE": "1"}
    session.run("pytest", "-n", "2", "--backend", "torch", "tests/core/test_cases.py", env=env)


@nox.session
def agreement(session: nox.Session) -> None:
    """All frameworks in one process: equal bits, equal errors; and Keras on each of them."""
    install(session, "-e", ".", *TOOLS, *ALL)
    session.run("pytest", "-n", "2", "tests/agreement", *session.posargs)


@nox.session
def doctest(session: nox.Session) -> None:
    """Every example in docstrings, the README and the docs."""
    install(session, "-e", ".", *TOOLS, *ALL, *DEMO)
    session.run("pytest", "tests/documentation", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and common errors."""
    install(session, "ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """mypy strict, and pyright."""
    install(session, "-e", ".", "mypy", "pyright", *TOOLS, *ALL, *DEMO)
    session.run("mypy")
    session.run("pyright", "--pythonpath", str(Path(session.bin) / "python"))


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


@nox.session
def demo(session: nox.Session) -> None:
    """The main job, as a newcomer runs it: NumPy alone."""
    install(session, ".[demo]")
    session.run("wce-core", "demo", "--output", f"{session.create_tmp()}/demo.png")


if __name__ == "__main__":
    sys.exit("run `nox`")
