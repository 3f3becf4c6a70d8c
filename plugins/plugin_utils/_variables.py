# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""The variables that people give to roles and playbooks: misspelled names, lost words, and values of the wrong type.

Pure: names and values go in, values of the declared types and problems for a person come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import RequiredError, UnsupportedError

from ._missing import MISSING
from ._names import names
from ._summary import no_connection

Spec = Mapping[str, Mapping[str, Any]]

# How much of two names must agree for one to be a typing error of the other: two letters in twenty.
_TYPING_ERROR = 0.9
_ANY_LIKENESS = 0.6


def role_variables(
    given: Mapping[str, Any],
    spec: Spec,
    role: str,
    unused: Iterable[str] = (),
    needs_all: bool = True,
    rest: Any = "",
) -> dict[str, Any]:
    """What the variables of a ``role`` mean by its ``spec``, the options of its argument_specs.

    Returns ``options``, by name without the role's prefix and in the declared types (-e and surveys give text), and
    ``problems``: words that -e lost (``rest``), unknown names, values of another type, and, with ``needs_all``, options
    that are missing. ``unused`` names belong to the role too, and not to these options.
    """
    known = {
        name: _plain(value) for name, value in given.items() if name in spec and not _is_left_out(value, spec[name])
    }
    validation = ArgumentSpecValidator({name: _as_read(option, needs_all) for name, option in spec.items()}).validate(
        known
    )
    problems = [
        *lost_words(rest, f"{next((name for name in spec if spec[name].get('type') == 'list'), role)}=ONE,TWO"),
        *unknown(given, (*spec, *unused)),
        *_quoting_problems(known, spec),
        *_unknown_options(validation.unsupported_parameters, spec),
        *_validation_problems(validation.errors, spec),
    ]
    options = {
        name.removeprefix(f"{role}_"): _in_form(value, spec[name])
        for name, value in _without_none(validation.validated_parameters).items()
    }
    return {"options": options, "problems": problems}


def unknown(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each name in ``given`` that is not ``known``, with the one that was probably meant."""
    known = [*known]
    strange = sorted(set(given) - {*known})
    return [f"There is no variable {name}.{_suggestion(name, known, _ANY_LIKENESS)}" for name in strange]


def nearly_known(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each name that is not ``known`` and only a typing error away from one that is."""
    known = [*known]
    suggestions = {name: _suggestion(name, known, _TYPING_ERROR) for name in sorted(set(given) - {*known})}
    return [f"Nothing uses the variable {name}.{text}" for name, text in suggestions.items() if text]


def lost_words(rest: Any, example: str) -> list[str]:
    """What is wrong with words that Ansible found after a space in -e, and that belong to no variable.

    ``example`` is a variable with a list as it should be written.
    """
    if not rest:
        return []
    return [
        f"-e ends at a space, so {str(rest)!r} got lost. Write without spaces, a list with commas, such as -e"
        f" {example}, and a time with a T, such as 2026-11-24T22:30:15, or give the variables in a YAML file,"
        " -e @variables.yml."
    ]


# What the playbooks of the collection read. A role that people run by a name of their own may read more.
PLAYBOOK_VARIABLES = (
    "vicidial_agents",
    "vicidial_hosts",
    "vicidial_campaigns",
    "vicidial_user_groups",
    "vicidial_everybody",
    "vicidial_nobody_is_fine",
    "vicidial_api_url",
    "vicidial_api_user",
    "vicidial_api_password",
    "vicidial_ca_path",
    "vicidial_validate_certs",
    "vicidial_preflight_accepted",
    "vicidial_tell_url",
    "vicidial_tell_token",
    "vicidial_tell_form",
)
# Variables of the inventory plugin and the modules, so similar to some of these that they would look like misspellings.
_OTHERS_OF_OURS = ("vicidial_user", "vicidial_user_group", "vicidial_campaign_id")


def playbook_problems(given: Mapping[str, Any]) -> list[str]:
    """Why a playbook of the collection refuses its variables: sentences, the first one about the connection.

    ``given`` holds ``missing`` (options of the connection), ``rest`` (words that -e lost), ``agents``, ``hosts`` (a
    pattern), ``matches`` (its hosts), ``lists`` (campaigns and user groups), ``everybody`` (whether all who are logged
    in are meant) and ``nobody_is_fine``. With ``named``, the values of the variables that can name agents, one of
    these, ``hosts`` or ``everybody`` has to name somebody; ``names`` are those of all variables of the playbooks.

    ``taken`` are the variables of its role that a playbook fills by itself, and whether each is given all the same.
    ``rule`` is of an audit: its agents, campaigns and user groups, each as the playbook and as the role was given them.
    """
    problems = [no_connection(given["missing"])] if given["missing"] else []
    problems += [f"{text} Nothing was sent." for text in lost_words(given["rest"], "vicidial_agents=1000,1001")]
    if given["hosts"] and not given["matches"] and not given["nobody_is_fine"]:
        problems.append(
            f"No host of the inventory matches vicidial_hosts, which is {given['hosts']!r}. Nothing was sent."
            " Set vicidial_nobody_is_fine to true where that is no failure."
        )
    if sum(bool(given[way]) for way in ("agents", "hosts", "lists", "everybody")) > 1:
        problems.append(
            "More than one of vicidial_agents, vicidial_hosts, vicidial_campaigns with vicidial_user_groups, and"
            " vicidial_everybody says whom it is about: give one. Nothing was sent."
        )
    if "named" in given and not (given["hosts"] or given["everybody"] or any(map(_names_somebody, given["named"]))):
        problems.append(
            " ".join(["No agents are given.", *playbook_warnings(given["names"])])
            + " Name them in vicidial_agents, vicidial_campaigns, vicidial_user_groups or vicidial_hosts, or set"
            " vicidial_everybody to true. Nothing was sent."
        )
    problems += [_taken(name) for name, is_given in given.get("taken", {}).items() if is_given]
    # A pattern that matches no host leaves the rule without agents: that is one mistake, and said once.
    return problems or _rule_problems(given.get("rule", {}))


def _taken(name: str) -> str:
    return (
        f"{name} is given. This playbook takes its agents from vicidial_agents, vicidial_campaigns,"
        " vicidial_user_groups or vicidial_hosts alone. Nothing was sent."
    )


def _rule_problems(rule: Mapping[str, Sequence[Any]]) -> list[str]:
    """Why the ``rule`` of an audit is refused, if it is.

    Its ``agents`` are empty where nobody is named; else both are the same unless somebody gave the role its own.
    """
    agents = rule.get("agents", ())
    if agents and not agents[0]:
        return ["No agents are given, so nothing was sent. Name them, or run this for hosts that are agents."]
    lists = [rule.get(name, ()) for name in ("campaigns", "user_groups")]
    if (agents and agents[0] != agents[1]) or any(both and all(both) for both in lists):
        return [
            "Agents, campaigns or user groups are given both by a variable vicidial_... and by one recording_audit_...:"
            " give one. Nothing was sent."
        ]
    return []


def _names_somebody(value: Any) -> bool:
    """Whether a variable says whom. A list can be nobody on purpose, a text without a name was left out."""
    return isinstance(value, (list, tuple)) or bool(names(value))


def playbook_warnings(names_given: Iterable[str]) -> list[str]:
    """Sentences about variables that are a typing error away from one that the playbooks read."""
    strange = set(names_given) - {*_OTHERS_OF_OURS}
    return nearly_known(strange, PLAYBOOK_VARIABLES)


def _suggestion(name: str, known: list[str], likeness: float) -> str:
    close = get_close_matches(name, known, n=1, cutoff=likeness)
    return f" Did you mean {close[0]}?" if close else ""


def _is_left_out(value: Any, option: Mapping[str, Any]) -> bool:
    """An empty text is how a survey gives what was left out. A list without choices takes it for an empty one."""
    takes_text = option.get("type", "str") in ("str", "path") or (
        option.get("type") == "list" and "choices" not in option
    )
    return value is None or (value == "" and not takes_text)


def _plain(value: Any) -> Any:
    """``value`` without Ansible's own kinds of lists and dictionaries, which cannot be copied."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def _is_list_of_names(option: Mapping[str, Any]) -> bool:
    return option.get("type") == "list" and option.get("elements") != "dict"


def _as_read(option: Mapping[str, Any], needs_all: bool) -> dict[str, Any]:
    """The option as it is validated: lists of names are read by our own grammar, which knows line breaks."""
    is_required = needs_all and option.get("required", False)
    if _is_list_of_names(option) and "choices" not in option:
        return {"type": "raw", "required": is_required, "default": option.get("default")}
    return {**{key: value for key, value in option.items() if key != "description"}, "required": is_required}


def _without_none(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: _without_none(value) for name, value in values.items() if value is not None}
    return [_without_none(value) for value in values] if isinstance(values, list) else values


def _in_form(value: Any, option: Mapping[str, Any]) -> Any:
    return names(value) if _is_list_of_names(option) and value not in ("", None) else value


def _quoting_problems(given: Mapping[str, Any], spec: Spec) -> list[str]:
    """YAML makes a boolean of no and a number of 0600: what was meant cannot be known."""
    changed = [
        name
        for name, value in given.items()
        if spec[name].get("type") == "str"
        and (isinstance(value, bool) or (name.endswith("_mode") and isinstance(value, int)))
    ]
    cause = "which YAML may have made of another text: put it in quotes."
    return [f"{name} is {given[name]!r}, {cause}" for name in changed]


def _unknown_options(strange: Iterable[tuple[str, ...]], spec: Spec) -> list[str]:
    """A sentence for each option that a dictionary of a variable does not have, by its path from the variable on."""
    problems = []
    for *parents, name in sorted(strange):
        has: Mapping[str, Any] = spec
        for parent in parents:
            has = has[parent]["options"]
        known = sorted(has)
        near = _suggestion(name, known, _ANY_LIKENESS)
        problems.append(f"There is no option {name} in {'.'.join(parents)}.{near} It has: {', '.join(known)}.")
    return problems


def _validation_problems(errors: Iterable[Exception], spec: Spec) -> list[str]:
    """What else Ansible's validation has found, and for a variable that is missing what it can be."""
    problems = []
    for error in errors:
        missing = MISSING.fullmatch(str(error)) if isinstance(error, RequiredError) else None
        if missing:
            problems += [_missing(name, spec) for name in missing[1].split(", ")]
        elif not isinstance(error, UnsupportedError):
            problems.append(_sentence(str(error)))
    return problems


def _missing(name: str, spec: Spec) -> str:
    choices = ", ".join(map(str, spec[name].get("choices", ())))
    return f"Missing: {name}{f', one of {choices}' if choices else ''}."


def _sentence(message: str) -> str:
    return message if message.endswith(".") else f"{message[:1].upper()}{message[1:]}."
