# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that developers and CI run. ``make`` lists it; ``make NAME`` runs ``nox --session NAME``.

Each session takes the environments that it needs from ``.venv/`` (tests/tools/environments.py), which several of them
share. Nothing else is written into the repository, but for Python's __pycache__.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from tests.tools import matrix, pythons  # noqa: E402
from tests.tools.awx_collection import make_awx_collection  # noqa: E402
from tests.tools.environments import (  # noqa: E402
    PLACE,
    Environment,
    core_environment,
    main_environment,
    make_all,
    managed_environment,
    rulebook_environment,
    user_environment,
)

nox.options.default_venv_backend = "none"
nox.options.stop_on_first_error = True

# PYTHONS="3.11 3.12" leaves the others of this machine alone; LEGS="2.17.14-py3.11" tests with these pairs only.
WANTED = os.environ.get("PYTHONS", " ".join(matrix.PYTHONS)).split()
HERE = [python for python in WANTED if pythons.find_python(python)]
NEWEST = matrix.newest_of(HERE)
if NEWEST is None:
    sys.exit(f"None of the Pythons that this works with is here: {', '.join(WANTED)}.")
MAIN = matrix.newest_of([python for python in HERE if matrix.version(python) >= matrix.version(matrix.TOOLS_PYTHON)])
LEGS = ENDS = matrix.ends_of(HERE)
if named := os.environ.get("LEGS", "").split():
    known = {str(pair): pair for pair in matrix.pairs_of(HERE)}
    if not set(named) <= set(known):
        sys.exit(f"LEGS can hold {', '.join(known)}.")
    LEGS = [known[name] for name in named]
MANAGED = managed_environment(matrix.MANAGED_PYTHON) if pythons.find_python(matrix.MANAGED_PYTHON) else None

# This repository's settings, for tools that run in other directories; never the user's.
os.environ["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
for variable in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_COLLECTIONS_PATHS", "ANSIBLE_HOME", "PYTHONPATH"):
    os.environ.pop(variable, None)
# Ansible takes twice as long to start where Python may not keep its bytecode, as some machines have it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(PLACE / "cache/hypothesis")
os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"

# Tests that no ansible-core makes a difference to: once is enough, with the newest.
KNOWS_NO_ANSIBLE = ("tests/unit/simulator", "tests/unit/plugins/module_utils", "tests/unit/tools")
# Tests that what the documents show is right. Each module and role in it has tests of its own that run with both ends.
OF_DOCUMENTS = (
    "tests/unit/playbooks/test_examples.py",
    "tests/unit/playbooks/test_nightly.py",
    "tests/unit/playbooks/test_role_pages.py",
)
# Those that run programs from end to end, which takes longer than all others: not for every change.
RUNS_PROGRAMS = (
    "tests/unit/playbooks",
    "tests/unit/roles",
    "tests/unit/plugins/inventory",
    "tests/unit/tools/test_release.py",
)
# The sanity tests that read the text alone: they differ from one ansible-core to the next in a linter's version.
STYLE = ("pep8", "pylint", "shellcheck", "yamllint")
# The oldest Java that ansible-rulebook runs on.
JAVA = 17
NO_TESTS_RAN = 5  # pytest's exit code
# ansible-lint's args rule sees the environment, as a module does, but no module_defaults.
CONNECTED = {
    "VICIDIAL_API_URL": "https://dialer.example.com",
    "VICIDIAL_API_USER": "6666",
    "VICIDIAL_API_PASSWORD": "unused",
}


# What GitHub reads, and the schema of it that check-jsonschema brings along.
GITHUB = {
    "vendor.github-workflows": "workflows/*.yml",
    "custom.github-workflows-require-timeout": "workflows/*.yml",
    "vendor.github-issue-forms": "ISSUE_TEMPLATE/[!c]*.yml",
    "vendor.github-issue-config": "ISSUE_TEMPLATE/config.yml",
    "vendor.dependabot": "dependabot.yml",
}

# What the tests start besides Python's own, with the Debian package that has it.
PROGRAMS = {"git": "git", "openssl": "openssl"}


def need_programs(session: nox.Session) -> None:
    """Say in one line which programs this machine lacks, before anything is made for the tests."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        session.error(f"The tests need what these Debian packages have, or the like: {' '.join(missing)}")


def tools(session: nox.Session) -> Environment:
    """The environment with all tools."""
    need_programs(session)
    if MAIN is None:
        session.error(f"The tests need Python {matrix.TOOLS_PYTHON} or newer: only {', '.join(HERE)} is here")
    return main_environment(MAIN).make()


def leg(pair: matrix.Pair) -> Environment:
    """The environment that the collection is tested in with ``pair``."""
    return main_environment(pair) if pair == MAIN else core_environment(pair)


def is_newest(pair: matrix.Pair) -> bool:
    """Whether ``pair`` runs all tests, and not only what depends on ansible-core."""
    return pair == ENDS[-1]


def run(
    session: nox.Session, environment: Environment, program: str, *arguments: str, quiet: bool = False, **variables: str
) -> None:
    """Run a program of ``environment``, which finds the others there first.

    Of the output of a quiet one that passes only the last line is shown, unless V=1; that of one that fails is always
    shown whole.
    """
    silent = quiet and not os.environ.get("V")
    if silent:
        variables |= {"NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1"}
    output = session.run(
        str(environment.bin / program),
        *arguments,
        env={"PATH": environment.path, **variables},
        silent=silent,
        external=True,
    )
    if silent and str(output).strip():
        session.log(str(output).strip().splitlines()[-1])


def run_pytest(session: nox.Session, place: str, runs: list[tuple[Environment, list[str]]]) -> None:
    """Run the tests in ``place`` once for each environment with its arguments.

    What follows ``--`` (PYTEST= of make) is added; a path in it replaces ``place``. With "-k" it may be that all the
    tests that it selects are left out of one run, but not of each.
    """
    named = any(Path(argument.split("::")[0]).exists() for argument in session.posargs)
    ran = False
    for environment, arguments in runs:
        command = ["pytest", *arguments, *([] if named else [place]), *session.posargs]
        session.log(f"{environment.name}: {' '.join(command)}")
        variables = {**os.environ, "PATH": environment.path, "NOX_CURRENT_SESSION": session.name}
        command[0] = str(environment.make().bin / "pytest")
        code = subprocess.run(command, env=variables, check=False).returncode
        if code not in (0, NO_TESTS_RAN):
            session.error(f"Tests failed in {environment.name} (exit code {code})")
        ran |= code == 0
    if not ran:
        session.error(f"No test was selected by {' '.join(session.posargs)}")


def in_parallel(session: nox.Session) -> list[str]:
    """pytest's arguments for several workers; none for a single test, which would end before the workers start."""
    workers = os.environ.get("WORKERS", "3")
    return [] if "::" in " ".join(session.posargs) else ["-n", workers, "--dist", "loadfile"]


def side_by_side(session: nox.Session, sessions: list[tuple[str, str]]) -> None:
    """Run sessions, each with its LEGS, three at a time for two cores; print what each said when it ends.

    Most keep one core busy at most, and often wait for the network or the clock.
    """

    def run_one(name: str, legs: str) -> bool:
        command = [sys.executable, "-m", "nox", "--session", name, "--", *session.posargs]
        variables = {**os.environ, "LEGS": legs, "WORKERS": "2"}
        began = time.monotonic()
        done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        seconds = time.monotonic() - began
        sys.stdout.write(done.stdout.decode(errors="replace"))
        sys.stdout.write(f"{name} {legs}: exit code {done.returncode} after {seconds:.0f} s\n")
        sys.stdout.flush()
        return done.returncode == 0

    with ThreadPoolExecutor(3) as pool:
        passed = list(pool.map(run_one, *zip(*sessions, strict=True)))
    sys.stdout.write(f"sessions: {passed.count(True)} passed, {passed.count(False)} failed\n")
    if not all(passed):
        failed = [f"{name} {legs}".strip() for (name, legs), good in zip(sessions, passed, strict=True) if not good]
        session.error(f"Failed: {', '.join(failed)}")


def has_java() -> bool:
    """Whether there is a Java that ansible-rulebook runs on: 17 or newer."""
    java = shutil.which("java")
    if java is None:
        return False
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    return version is not None and int(version[1]) >= JAVA


def tell_what_is_left_out(session: nox.Session) -> None:
    """Say which of the supported ends this machine has no Python for."""
    wanted, here = matrix.ends_of(matrix.PYTHONS), matrix.ends_of(HERE)
    for pair in wanted:
        if pair not in here:
            session.warn(f"Not tested with {pair.title}, for which there is no Python here.")
    if not has_java():
        session.warn(f"Rulebooks are not tested: there is no Java {JAVA} here.")
    if MANAGED is None:
        session.warn(f"Modules are not tested with Python {matrix.MANAGED_PYTHON}, which is not here.")


@nox.session
def demo(session: nox.Session) -> None:
    """Start a simulated dialer and show what the collection does with it."""
    run(session, user_environment(NEWEST).make(), "ansible-playbook", "telephony.vicidial.demo", *session.posargs)


@nox.session
def quick(session: nox.Session) -> None:
    """Lint, and the unit tests but those that run Ansible's programs or a release, with the newest core."""
    lint(session)
    make_managed()
    ignored = [f"--ignore={place}" for place in RUNS_PROGRAMS]
    run_pytest(session, "tests/unit", [(tools(session), [*in_parallel(session), *ignored])])


@nox.session
def test(session: nox.Session) -> None:
    """All that follows; what CI runs."""
    tools(session)
    tell_what_is_left_out(session)
    users = [user_environment(pair) for pair in LEGS]
    rulebook = [rulebook_environment(MAIN)] if MAIN and has_java() else []
    make_all([*map(leg, LEGS), *users, *rulebook, *([MANAGED] if MANAGED else [])])
    make_awx_collection()
    *others, newest = map(str, LEGS)
    # The longest come first, so that no core idles at the end.
    sessions = [("unit", newest), ("operations", ""), *(("unit", one) for one in others), ("reliability", "")]
    sessions += [("sanity", newest), ("molecule", ""), *(("integration", one) for one in (newest, *others))]
    sessions += [("events", ""), *(("sanity", one) for one in others)]
    side_by_side(session, [*sessions, ("lint", ""), ("package", ""), ("docs", ""), ("contract", "")])


@nox.session(name="matrix")
def all_pairs(session: nox.Session) -> None:
    """What depends on ansible-core, with every supported pair that this machine has a Python for (hours)."""
    legs = " ".join(map(str, matrix.pairs_of(HERE)))
    for name in ("unit", "integration", "sanity", "package"):
        session.run(sys.executable, "-m", "nox", "--session", name, "--", *session.posargs, env={"LEGS": legs})


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, documentation, changelog, licenses, workflows."""
    main = tools(session)
    make_awx_collection()
    # For mypy, which looks for a namespace package in its own path only (pyproject.toml).
    tree = PLACE / "tree/ansible_collections/telephony"
    tree.mkdir(parents=True, exist_ok=True)
    if not (tree / "vicidial").is_symlink():
        (tree / "vicidial").symlink_to(ROOT)
    home = PLACE / "home/lint"
    home.mkdir(parents=True, exist_ok=True)

    run(session, main, "ruff", "check", "--quiet")
    run(session, main, "ruff", "format", "--check", "--quiet")
    run(session, main, "mypy")
    run(session, main, "hadolint", "examples/simulator/Containerfile")
    # Tools that write into HOME get another one.
    run(session, main, "ansible-lint", quiet=True, HOME=str(home), **CONNECTED)
    run(session, main, "antsibull-changelog", "lint", quiet=True, HOME=str(home))
    run(session, main, "reuse", "lint", quiet=True)
    for schema, files in GITHUB.items():
        checked = sorted(map(str, (ROOT / ".github").glob(files)))
        run(session, main, "check-jsonschema", "--builtin-schema", schema, *checked, quiet=True)


@nox.session
def unit(session: nox.Session) -> None:
    """pytest tests/unit with the newest ansible-core, with the oldest what depends on it; PYTEST="..." adds."""
    need_programs(session)
    tell_what_is_left_out(session)
    make_managed()
    arguments = in_parallel(session)
    ignored = [f"--ignore={place}" for place in (*KNOWS_NO_ANSIBLE, *OF_DOCUMENTS)]
    run_pytest(session, "tests/unit", [(leg(pair), arguments + ([] if is_newest(pair) else ignored)) for pair in LEGS])


@nox.session
def contract(session: nox.Session) -> None:
    """pytest tests/contract: the simulator against the protocol, fact by fact."""
    main = tools(session)
    make_managed()
    run_pytest(session, "tests/contract", [(main, [])])


@nox.session
def reliability(session: nox.Session) -> None:
    """pytest tests/reliability: faults, episodes, hostile answers, secrets; prints the figures."""
    main = tools(session)
    make_managed()
    run_pytest(session, "tests/reliability", [(main, in_parallel(session))])


@nox.session
def operations(session: nox.Session) -> None:
    """pytest tests/operations: what AWX, ansible-runner and pipelines do with the collection."""
    main = tools(session)
    make_all(map(leg, LEGS))
    os.environ["VICIDIAL_TEST_CORES"] = os.pathsep.join(str(leg(pair).bin) for pair in LEGS)
    make_awx_collection()
    run_pytest(session, "tests/operations", [(main, in_parallel(session))])


@nox.session
def events(session: nox.Session) -> None:
    """pytest tests/events: the event source and the rulebooks through ansible-rulebook, where there is Java 17."""
    main = tools(session)
    if not has_java():
        session.skip(
            f"No Java {JAVA} here: nothing runs through ansible-rulebook. The rest of it is in the unit tests."
        )
    os.environ["VICIDIAL_TEST_RULEBOOK"] = str(rulebook_environment(MAIN or NEWEST).make().bin)
    # Three at a time: most of each is waiting for the clock.
    run_pytest(session, "tests/events", [(main, ["-n", "3"] if in_parallel(session) else [])])


@nox.session
def integration(session: nox.Session) -> None:
    """ansible-test integration with the oldest and the newest ansible-core; TARGET=name runs one."""
    if len(LEGS) > 1:
        side_by_side(session, [("integration", str(pair)) for pair in LEGS])
        return
    [pair] = LEGS
    ansible_test(session, leg(pair), "integration", "--python", pair.python, *session.posargs)


@nox.session
def sanity(session: nox.Session) -> None:
    """ansible-test sanity with the newest ansible-core, with the oldest all but linters of style; no ignore files."""
    if list(ROOT.glob("tests/sanity/ignore-*")):
        session.error("tests/sanity: mend the cause instead of ignoring it")
    if len(LEGS) > 1:
        side_by_side(session, [("sanity", str(pair)) for pair in LEGS])
        return
    [pair] = LEGS
    skipped = [] if is_newest(pair) else [argument for test in STYLE for argument in ("--skip-test", test)]
    ansible_test(session, leg(pair), "sanity", "--python", pair.python, *skipped)
    if MANAGED and pair == MAIN:
        # Managed hosts may have an older Python than any ansible-core here runs on.
        make_managed()
        tests = ("--test", "compile", "--test", "import")
        ansible_test(session, leg(pair), "sanity", "--python", matrix.MANAGED_PYTHON, *tests)


def ansible_test(session: nox.Session, environment: Environment, *arguments: str) -> None:
    """Run ansible-test of ``environment`` on a copy of the collection."""
    run(
        session,
        environment.make(),
        "python",
        "-m",
        "tests.tools.ansible_test",
        environment.name,
        *arguments,
        quiet=True,
    )


@nox.session
def molecule(session: nox.Session) -> None:
    """All scenarios in extensions/molecule."""
    # A HOME of its own: molecule looks for collections under it, and may install this one there. The dialer is there.
    home = PLACE / "home/molecule"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    run(session, tools(session), "molecule", "test", "--all", quiet=True, HOME=str(home))


@nox.session
def package(session: nox.Session) -> None:
    """Build, galaxy-importer, and the demo from an installed copy with the oldest and the newest ansible-core."""
    users = [user_environment(pair).make() for pair in LEGS]
    run(session, tools(session), "python", "-m", "tests.tools.package", *(user.name for user in users), quiet=True)


@nox.session
def release(session: nox.Session) -> None:
    """All of a release short of publishing it, in .venv/release/x.y.z; VERSION=x.y.z."""
    users = [user_environment(pair).make() for pair in LEGS]
    names = [user.name for user in users]
    if len(session.posargs) != 1:
        session.error("Say which: make release VERSION=x.y.z")
    run(session, tools(session), "python", "-m", "tests.tools.release", *session.posargs, *names)


@nox.session
def simulator(session: nox.Session) -> None:
    """Make .venv/dist/vicidial_simulator.pyz, the simulator in one file."""
    run(session, tools(session), "python", "-m", "tests.tools.simulator_archive", str(PLACE / "dist"))


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as HTML, offline, into .venv/docs/html; warnings and dead links are errors."""
    run(session, tools(session), "python", "-m", "tests.tools.site", str(PLACE / "docs/html"), quiet=True)


@nox.session
def benchmark(session: nox.Session) -> None:
    """Measure the ways to declare a floor (half an hour; not part of test); SIZES=10,50 ROUNDS=1."""
    program = "ansible_collections.telephony.vicidial.tests.benchmark"
    run(session, tools(session), "python", "-m", program, *session.posargs)


def make_managed() -> None:
    """Make the environment of a managed host, as which some tests run modules, where there is a Python for it."""
    if MANAGED:
        os.environ["VICIDIAL_TEST_PYTHON39"] = str(MANAGED.make().bin / "python")
