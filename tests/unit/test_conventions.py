# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for everything of a kind: a file that is added later is looked at too."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors, _preflight
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.words import NO_LISTING

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
# "common" is what the others share, and no role that anybody runs.
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir() and path.name != "common")
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
README = (ROOT / "README.md").read_text()
REASONS = (ROOT / "docs" / "reasons.md").read_text()


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def block(path: Path, name: str) -> str:
    """The text of DOCUMENTATION, EXAMPLES or RETURN of a plugin."""
    return path.read_text().partition(f'{name} = r"""')[2].partition('"""')[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_documented_tested_and_in_the_action_group(path: Path) -> None:
    documentation, returns = yaml.safe_load(block(path, "DOCUMENTATION")), yaml.safe_load(block(path, "RETURN"))
    assert documentation["module"] == path.stem
    assert any(f"telephony.vicidial.{path.stem}" in str(task) for task in yaml.safe_load(block(path, "EXAMPLES")))
    assert {"reason", "msg"} <= set(returns)
    assert (ROOT / "tests" / "integration" / "targets" / path.stem / "tasks" / "main.yml").exists()
    assert path.stem in load(ROOT / "meta" / "runtime.yml")["action_groups"]["agent_api"]
    assert f"`{path.stem}`" in README


def test_the_action_group_names_no_other() -> None:
    assert set(load(ROOT / "meta" / "runtime.yml")["action_groups"]["agent_api"]) <= {path.stem for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_stays_thin(path: Path) -> None:
    code = path.read_text().partition('RETURN = r"""')[2].partition('"""\n')[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 150


@pytest.mark.parametrize("path", ROLES, ids=lambda path: path.name)
def test_a_role_has_a_readme_and_argument_specs_equal_to_its_defaults(path: Path) -> None:
    options = load(path / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(path / "defaults" / "main.yml")
    assert defaults == {name: option["default"] for name, option in options.items() if "default" in option}
    readme = (path / "README.md").read_text()
    for name in options:
        assert f"`{name}`" in readme
    assert f"roles/{path.name}" in README


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_says_by_which_name_it_is_run(path: Path) -> None:
    assert f"ansible-playbook telephony.vicidial.{path.stem}" in path.read_text()
    assert f"telephony.vicidial.{path.stem}" in README


def test_every_reason_is_documented_and_no_other() -> None:
    def reasons(error: type[_errors.ApiError]) -> set[str]:
        return {error.__dict__["reason"]} if "reason" in error.__dict__ else set()

    def tree(error: type[_errors.ApiError]) -> set[str]:
        return reasons(error).union(*[tree(child) for child in error.__subclasses__()])

    def documented(module: str) -> set[str]:
        returns = yaml.safe_load(block(ROOT / "plugins" / "modules" / f"{module}.py", "RETURN"))
        return set(re.findall(r"C\(([a-z_]+)\)", " ".join(returns["reason"]["description"])))

    errors, of_preflight = tree(_errors.ApiError), {_preflight.INSECURE_CONNECTION, _preflight.CLOCK_DIFFERENCE}
    checks = {"tls", "clock"}  # named beside them
    assert documented("vicidial_stereo_recording") == errors
    assert documented("vicidial_agent_api_info") - checks == of_preflight
    entries = re.split(r"^### `(\w+)`\n", REASONS, flags=re.MULTILINE)[1:]
    assert set(entries[::2]) == errors | of_preflight | {NO_LISTING}
    for text in entries[1::2]:
        assert re.search(r"\n- \*\*To see it:\*\* .*\n(  .*\n)*- \*\*Remedy:\*\* ", text), text
    checks_named = set(re.findall(r"checks? `(\w+)`", REASONS))
    assert checks_named <= set(_preflight.CHECKS)


def test_the_supported_versions_in_the_readme_are_those_that_are_stated() -> None:
    core = load(ROOT / "meta" / "runtime.yml")["requires_ansible"].removeprefix(">=").removesuffix(".0")
    assert f"ansible-core {core} or newer" in README
    target = re.search(r'target-version = "py3(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert target is not None
    assert f"Python 3.{target[1]} or newer" in README
    requests = re.search(r"requests>=([\d.]+)", (ROOT / "requirements.txt").read_text())
    assert requests is not None
    assert f"requests {requests[1]} or newer" in README


# Which part of module_utils may import which; the other parts of the collection may import all of them.
MAY_IMPORT: dict[str, set[str]] = {
    "_errors": set(),
    "_protocol": {"_errors"},
    "_client": {"_errors", "_protocol"},
    "_recording": {"_client", "_errors", "_protocol"},
    "_preflight": {"_errors", "_protocol"},
    "_recording_log": {"_protocol"},
    "_log_options": {"_errors", "_options", "_protocol", "_recording_log"},
    "_watch": {"_protocol", "_recording_log"},
    "_options": {"_client", "_errors", "_protocol"},
    "_login": {"_errors"},
    "_recorded_by": {"_protocol", "_recording_log"},
    "_ended_recordings": {"_protocol", "_recording_log"},
    "_log_session": {"_client", "_errors", "_login", "_options", "_protocol"},
    "_task": {"_client", "_errors", "_log_session", "_login", "_options", "_recording"},
}
# The same of the event source's own code, and of what it may use of the controller's and of the layers above.
EVENTS = ROOT / "plugins" / "plugin_utils" / "_events"
EVENTS_MAY_IMPORT: dict[str, set[str]] = {
    "event": {"_audit"},
    "breach": {"_audit"},
    "push": {"event", "_protocol"},
    "floor": {"event", "breach", "_audit", "_protocol"},
    "memory": {"floor", "_errors"},
    "options": {"floor", "_audit", "_client", "_errors", "_options", "_protocol"},
    "watcher": {
        *("event", "floor", "memory", "options"),
        *("_client", "_errors", "_login", "_protocol", "_recording"),
    },
}
PURE_OF_EVENTS = ("event", "breach", "push", "floor")
EVENT_PLUGINS = sorted((ROOT / "extensions" / "eda" / "plugins").rglob("*.py"))
UTILS = ROOT / "plugins" / "module_utils"
SOURCES = sorted(path for path in UTILS.rglob("*.py") if path.name != "__init__.py")
PLUGIN_UTILS = sorted(path for path in EVENTS.parent.rglob("*.py") if path.name != "__init__.py")


def imported(path: Path) -> set[str]:
    """What a file imports, absolute: `requests`, `module_utils._client.http` for a relative import."""
    found: set[str] = set()
    plugins = ROOT / "plugins"
    here = path.relative_to(plugins).parts if path.is_relative_to(plugins) else ()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = "".join(f"{part}." for part in here[: len(here) - node.level]) if node.level else ""
            module = (package + (node.module or "")).rstrip(".")
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(UTILS)))
def test_imports_run_one_way(path: Path) -> None:
    layer = path.relative_to(UTILS).parts[0].removesuffix(".py")
    names = imported(path)
    own = {name.split(".")[1] for name in names if name.startswith("module_utils.")}
    assert own - {layer} <= MAY_IMPORT[layer]
    roots = {name.split(".")[0] for name in names}
    assert not roots & {"plugin_utils", "modules", "action", "ansible_collections"}
    assert layer in ("_options", "_task") or "ansible" not in roots, "only these know Ansible"
    assert layer == "_client" or not roots & {"requests", "urllib3"}, "only _client knows requests"
    assert layer not in ("_protocol", "_preflight") or "time" not in roots, "the protocol knows no clock"


@pytest.mark.parametrize("path", sorted(EVENTS.glob("[!_]*.py")), ids=lambda path: path.stem)
def test_imports_of_the_event_sources_code_run_one_way(path: Path) -> None:
    names = imported(path)
    ours = [name for name in names if name.startswith(("plugin_utils.", "module_utils."))]
    own = {name.replace("_utils._events.", "_utils.").split(".")[1] for name in ours}
    assert own - {path.stem} <= EVENTS_MAY_IMPORT[path.stem]
    roots = {name.split(".")[0] for name in names}
    assert not roots & {"requests", "asyncio", "ansible_collections", "modules", "filter"}
    assert path.stem == "options" or "ansible" not in roots, "only the options know Ansible"
    assert path.stem not in PURE_OF_EVENTS or not roots & {"time", "random", "threading", "pathlib", "os"}, "pure"


@pytest.mark.parametrize("path", EVENT_PLUGINS, ids=lambda path: path.stem)
def test_an_event_plugin_imports_no_collection_by_name(path: Path) -> None:
    """ansible-rulebook runs it by its path: what Ansible would find, it would not."""
    roots = {name.split(".")[0] for name in imported(path)}
    assert roots <= {*sys.stdlib_module_names, "aiohttp"}


def test_the_files_of_a_layer_import_each_other_in_no_circle() -> None:
    modules = {".".join(path.relative_to(ROOT / "plugins").with_suffix("").parts): path for path in SOURCES}
    imports = {name: imported(path) for name, path in modules.items()}
    arrows = {
        name: {other for other in modules if any(f"{target}.".startswith(f"{other}.") for target in targets)}
        for name, targets in imports.items()
    }
    while arrows:
        leaves = {name for name, targets in arrows.items() if not targets & set(arrows)}
        assert leaves, f"a circle among {sorted(arrows)}"
        arrows = {name: targets for name, targets in arrows.items() if name not in leaves}


@pytest.mark.parametrize("name", ["vicidial_stereo_recording", "vicidial_stereo_recording_info"])
def test_a_task_loads_the_recording_logs_code_only_where_it_asks_the_log(name: str) -> None:
    """Ansible compiles what it imports in every run: the log's code is a fifth of it."""
    program = f"import sys, ansible_collections.telephony.vicidial.plugins.action.{name}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    ours = {module.split(".module_utils.")[1] for module in loaded if ".vicidial.plugins.module_utils." in module}
    assert "_recording.scheduler" in ours
    assert not ours & {"_log_session", "_recording_log", "_client.non_agent_api", "_protocol.tables"}


def test_the_words_of_the_api_stand_in_one_file() -> None:
    for path in SOURCES:
        if path == UTILS / "_protocol" / "words.py":
            continue
        literals = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not literals & {"BEGIN", "END", "STATUS", "stereo_recording", "logged_in_agents", "recording_lookup"}, (
            path
        )


@pytest.mark.parametrize("path", [*SOURCES, *PLUGIN_UTILS], ids=str)
def test_a_private_file_says_that_it_is(path: Path) -> None:
    assert "is private to the collection: it can change in any release without notice." in path.read_text()


def test_links_of_the_readme_lead_somewhere_on_galaxy_and_in_the_tarball_too() -> None:
    main = "https://github.com/ansible-collections/telephony.vicidial/blob/main/"
    links = re.findall(r"\]\(([^)]+)\)|^\[\w+\]: (\S+)$", README, re.MULTILINE)
    targets = {inline or by_name for inline, by_name in links}
    assert all(target.startswith("https://") for target in targets)
    for target in targets:
        assert not target.startswith(main) or (ROOT / target.removeprefix(main).partition("#")[0]).exists(), target
    used, defined = set(re.findall(r"\]\[(\w+)\]", README)), set(re.findall(r"^\[(\w+)\]:", README, re.MULTILINE))
    assert used == defined


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_links_between_the_pages_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target
