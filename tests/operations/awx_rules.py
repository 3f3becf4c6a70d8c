# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX accepts of the documents that it is given. Each function returns what is wrong, in plain words.

The rules are those of AWX 24.6.1 and later, found in its documentation and its code and written down anew:
awx/api/views/__init__.py (JobTemplateSurveySpec) for surveys, awx/main/models/mixins.py (SurveyJobTemplateMixin) for
the answers to them, awx/main/fields.py (CredentialTypeInputField, CredentialTypeInjectorField) and the chapter "Custom
Credential Types" of its user guide for credential types, awx/api/serializers.py (SchedulePreviewSerializer,
NotificationTemplateSerializer) and awx/main/notifications for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Document = dict[str, Any]

_FREQUENCIES = ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
_STRICT = ImmutableSandboxedEnvironment(undefined=StrictUndefined)

# Some of those that AWX knows.
TIME_ZONES = ["UTC", "America/New_York", "Etc/GMT+5", "Europe/Berlin"]

# The types of questions, and of their defaults.
QUESTION_TYPES: dict[str, Any] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": (str, list),
    "integer": int,
    "float": (int, float),
}
# AWX passes over other keys of a question: in ours they would be a mistake.
QUESTION_KEYS = {
    "question_name",
    "question_description",
    "variable",
    "type",
    "required",
    "default",
    "choices",
    "min",
    "max",
}

_INPUT_KEYS: dict[str, Any] = {
    "id": str,
    "label": str,
    "type": str,
    "help_text": str,
    "format": str,
    "choices": list,
    "multiline": bool,
    "secret": bool,
    "default": (str, bool),
}
# Some of the variables that no credential may set (awx.main.constants.ENV_BLOCKLIST).
_FORBIDDEN_ENVIRONMENT = {"HOME", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "VIRTUAL_ENV"}

# The configuration of each type of notification that the tests use: type, and default where there is one.
NOTIFICATIONS: dict[str, dict[str, tuple[Any, ...]]] = {
    "webhook": {
        "url": (str,),
        "http_method": (str, "POST"),
        "disable_ssl_verification": (bool, False),
        "username": (str, ""),
        "password": (str, ""),
        "headers": (dict,),
    },
    "slack": {"token": (str,), "channels": (list,)},
    "email": {
        "host": (str,),
        "port": (int,),
        "username": (str,),
        "password": (str,),
        "use_tls": (bool,),
        "use_ssl": (bool,),
        "sender": (str,),
        "recipients": (list,),
        "timeout": (int, 30),
    },
}
NOTIFICATION_SECRETS = {"password", "token"}

# What a message can name, as far as ours does. At the moment of the check there are no artifacts.
_MESSAGE_CONTEXT = {
    "job": {"id": 1, "name": "Stub", "status": "failed", "artifacts": {}, "job_explanation": ""},
    "job_friendly_name": "Job",
    "job_metadata": "{}",
    "url": "https://awx.example.com/#/jobs/playbook/1",
    "approval_node_name": "Approve",
    "workflow_url": "https://awx.example.com/#/jobs/workflow/1",
}


def choices_of(question: Document) -> list[str]:
    """The choices, which are a list or lines of text."""
    choices = question.get("choices", [])
    return choices.splitlines() if isinstance(choices, str) else choices


def survey_problems(survey: Document) -> Iterator[str]:
    """What AWX answers to a POST of ``survey`` to survey_spec."""
    for key, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(survey.get(key), kind):
            yield f"{key} is missing or of the wrong type"
            return
    if not survey["spec"]:
        yield "spec is empty"
    variables = [question.get("variable") for question in survey["spec"]]
    if len(set(variables)) != len(variables):
        yield "a variable is asked for twice"
    for question in survey["spec"]:
        yield from (f"{question.get('variable')}: {problem}" for problem in _question_problems(question))


def _question_problems(question: Document) -> Iterator[str]:
    wanted = {"type": str, "question_name": str, "variable": str, "required": bool}
    missing = [key for key in wanted if key not in question]
    wrong = [key for key, kind in wanted.items() if key in question and not isinstance(question[key], kind)]
    wrong += [key for key in ("min", "max") if not isinstance(question.get(key), (int, type(None)))]
    if missing or wrong:
        yield f"missing: {missing}, of the wrong type: {wrong}"
    elif question["type"] not in QUESTION_TYPES:
        yield f"{question['type']} is no type"
    else:
        yield from _default_problems(question, question.get("default", ""))


def _default_problems(question: Document, default: Any) -> Iterator[str]:
    """Neither ``min`` nor ``max`` bounds a default."""
    if default != "" and not isinstance(default, QUESTION_TYPES[question["type"]]):
        yield "default is of the wrong type"
    if isinstance(default, str) and default.startswith("$encrypted$"):
        yield "$encrypted$ is reserved"
    if question["type"] in ("multiplechoice", "multiselect"):
        if "choices" not in question:
            yield "choices are missing"
        chosen = default.splitlines() if isinstance(default, str) else default
        if question["type"] == "multiplechoice" and len(chosen) > 1:
            yield "there are several defaults"
        if any(line not in choices_of(question) for line in chosen):
            yield "default is none of the choices"


def answer_problems(question: Document, answers: Document, may_lack: bool = False) -> Iterator[str]:
    """What is wrong with the answer to one ``question`` among ``answers``, of a launch, a schedule or a node."""
    if question["variable"] not in answers:
        if question["required"] and not may_lack:
            yield f"{question['variable']} has no answer"
        return
    answer, kind = answers[question["variable"]], question["type"]
    wanted: Any = {"multiselect": list, "integer": int, "float": (int, float)}.get(kind, str)
    if not isinstance(answer, wanted) or isinstance(answer, bool):
        yield f"{question['variable']} has an answer of the wrong type"
    elif kind in ("multiplechoice", "multiselect"):
        if not set(answer if kind == "multiselect" else [answer]) <= set(choices_of(question)):
            yield f"{question['variable']} has an answer that is no choice"
    else:
        size: float = len(answer) if isinstance(answer, str) else answer
        smallest, largest = (question.get(key) for key in ("min", "max"))
        if size < (smallest if smallest is not None else size) or size > (largest if largest is not None else size):
            yield f"{question['variable']} has an answer that is too small or too large"


def extra_data_problems(survey: list[Document], answers: Document, may_lack: bool = False) -> Iterator[str]:
    """What is wrong with variables of a schedule, or (with ``may_lack``) of a node in a workflow."""
    for question in survey:
        yield from answer_problems(question, answers, may_lack)
    for variable in sorted(set(answers) - {question["variable"] for question in survey}):
        yield f"{variable} is not allowed on launch: the survey does not ask for it"


def input_problems(inputs: Document) -> Iterator[str]:
    """What is wrong with the input configuration of a credential type."""
    if set(inputs) - {"fields", "required"}:
        yield "inputs hold more than fields and required"
    ids = [field.get("id") for field in inputs.get("fields", [])]
    if len(set(ids)) != len(ids):
        yield "an id is there twice"
    for field in inputs.get("fields", []):
        yield from (f"{field.get('id')}: {problem}" for problem in _field_problems(field))


def _field_problems(field: Document) -> Iterator[str]:
    for key, value in field.items():
        if key not in _INPUT_KEYS or not isinstance(value, _INPUT_KEYS[key]):
            yield f"{key} is no key of an input, or of the wrong type"
    if "label" not in field or not re.fullmatch(_NAME, str(field.get("id"))) or field["id"] == "tower":
        yield "label or id is missing, or the id cannot be a variable"
    if field.get("type", "string") not in ("string", "boolean"):
        yield "type is neither string nor boolean"
    if field.get("format", "url") not in ("ssh_private_key", "url"):
        yield "format is neither ssh_private_key nor url"
    if field.get("type") == "boolean" and {"choices", "multiline", "format", "secret"} & set(field):
        yield "a boolean has a key that is for strings"


class _Tower:
    """The variable ``tower`` of injectors: it has no text, only file names."""

    def __init__(self, **names: Any) -> None:
        self.__dict__.update(names)

    def __str__(self) -> str:
        raise TemplateError("tower is not the name of a file")


def injector_problems(inputs: Document, injectors: Document) -> Iterator[str]:
    """What is wrong with the injector configuration of a credential type with ``inputs``."""
    if set(injectors) - {"file", "env", "extra_vars"}:
        yield "injectors hold more than file, env and extra_vars"
    files, environment = injectors.get("file", {}), injectors.get("env", {})
    if "template" in files and len(files) > 1:
        yield "files are either one template or several template.NAME"
    for key in files:
        if not re.fullmatch(rf"template(\.{_NAME})?", key):
            yield f"{key} is neither template nor template.NAME"
    yield from _variable_problems(environment, injectors.get("extra_vars", {}))
    names: Document = {field["id"]: "EXAMPLE" for field in inputs.get("fields", [])}
    names["tower"] = _Tower(
        filename="EXAMPLE" if "template" in files else _Tower(**{key.partition(".")[2]: "EXAMPLE" for key in files})
    )
    for key, template in {**environment, **files, **injectors.get("extra_vars", {})}.items():
        yield from (f"{key}: {problem}" for problem in _template_problems(str(template), names))


def _variable_problems(environment: Document, extra_vars: Document) -> Iterator[str]:
    for key, template in environment.items():
        if not re.fullmatch(_NAME, key) or key.startswith("ANSIBLE_") or key in _FORBIDDEN_ENVIRONMENT:
            yield f"{key} cannot be a variable of the environment here"
        if not isinstance(template, str) or not template.isascii():
            yield f"the value of {key} is no ASCII text"
    for key in extra_vars:
        if not re.fullmatch(r"[a-zA-Z_{}][a-zA-Z0-9_{}]*", key):
            yield f"{key} cannot be a variable"


def _template_problems(template: str, names: Document) -> Iterator[str]:
    try:
        _STRICT.from_string(template).render(names)
    except TemplateError as error:
        yield str(error)


def rrule_problems(text: str) -> Iterator[str]:
    """What is wrong with the recurrence rule of a schedule."""
    start = re.match(r"DTSTART(?:;TZID=([^:\s]+):(\d{8}T\d{6})|:(\d{8}T\d{6}Z)) ", text)
    if not start or text.count("DTSTART") > 1:
        yield "it does not begin with one DTSTART that has a time zone"
    elif start[1] and start[1] not in TIME_ZONES:
        yield f"unknown time zone {start[1]}"
    else:
        yield from _moment_problems(start[2] or start[3].rstrip("Z"))
    rules = re.findall(r"RULE:(\S*)", text)
    if not rules or "EXDATE:" in text or "RDATE:" in text:
        yield "there is no rule, or a date"
    for rule in rules:
        parts = dict(part.split("=") for part in rule.split(";"))
        if not parts.get("INTERVAL", "").isdecimal() or parts.get("FREQ") not in _FREQUENCIES:
            yield f"{rule} has no INTERVAL that is a number, or no FREQ that AWX knows"
        if int(parts.get("COUNT", 0)) > 999:
            yield "COUNT is more than 999"


def _moment_problems(text: str) -> Iterator[str]:
    day, _t, clock = text.partition("T")
    try:
        datetime.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}")
    except ValueError as error:
        yield str(error)


def notification_problems(kind: str, configuration: Document) -> Iterator[str]:
    """What is wrong with the configuration of a notification. AWX passes over keys that it does not know."""
    for key, about in NOTIFICATIONS[kind].items():
        if key in configuration and not isinstance(configuration[key], about[0]):
            yield f"{key} is of the wrong type"
        elif key not in configuration and len(about) == 1:
            yield f"{key} is missing"
    if str(configuration.get("http_method", "POST")).lower() not in ("post", "put"):
        yield "http_method is neither POST nor PUT"


def message_problems(messages: Document | None) -> Iterator[str]:
    """What is wrong with the messages of a notification. A webhook's body may be any text."""
    for event, texts in (messages or {}).items():
        if event == "workflow_approval":
            for answer, message in (texts or {}).items():
                known = answer in ("running", "approved", "timed_out", "denied")
                yield from _text_problems(event, message) if known else [f"{answer} is no event of an approval"]
        elif event in ("started", "success", "error"):
            yield from _text_problems(event, texts)
        else:
            yield f"{event} is no event"


def _text_problems(event: str, texts: Document | None) -> Iterator[str]:
    for key, text in (texts or {}).items():
        if key not in ("message", "body") or not isinstance(text, (str, type(None))):
            yield f"{event}: {key} is neither message nor body, or no text"
        elif text is not None:
            if key == "message" and "\n" in text:
                yield f"{event}: a message has more than one line"
            yield from (f"{event}: {problem}" for problem in _template_problems(text, _MESSAGE_CONTEXT))
