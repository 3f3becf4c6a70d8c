# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between declared objects and those that AWX holds."""

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_comparison
short_description: What differs between declared objects and those that AWX holds
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Reads from AWX what the role P(telephony.vicidial.awx#role) declares, and compares. Changes nothing.
  - Asks through the lookup C(controller_api) of the collection O(collection), connected by its environment variables
    such as C(CONTROLLER_HOST) and C(CONTROLLER_OAUTH_TOKEN).
options:
  _terms:
    description:
      - The declared objects. Each has a C(kind), as in the addresses of AWX's API, and a C(name); C(fields), where what
        an object refers to is given by name; C(related), with the names in each relation; C(survey), a list of
        questions; and C(parent), the name of the inventory, workflow or template that it belongs to.
    type: list
    elements: dict
    required: true
  organization:
    description: The name of the organization that the objects belong to.
    type: str
    required: true
  collection:
    description: The collection that is used to ask.
    type: str
    default: awx.awx
"""

EXAMPLES = r"""
- name: Show what differs
  ansible.builtin.debug:
    msg: "{{ lookup('telephony.vicidial.awx_comparison', declared, organization='Default').lines }}"
  vars:
    declared:
      kind: inventories
      name: VICIdial localhost
      fields:
        description: No hosts, for jobs that run on localhost
"""

RETURN = r"""
_raw:
  description: What was found, as one dictionary.
  type: list
  elements: dict
  contains:
    held:
      description: The names of the objects that AWX has, by kind.
      type: dict
    to_write:
      description: The names of those that it lacks or has otherwise, by kind.
      type: dict
    lines:
      description: What differs, and what somebody has added, for a person. Without secrets.
      type: list
      elements: str
    ids:
      description: AWX's numbers of the objects, by kind and name.
      type: dict
    running:
      description: The jobs of the templates that run or wait.
      type: list
      elements: str
"""

from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

from ansible_collections.telephony.vicidial.plugins.plugin_utils._awx import Ask, Row, compare, running


class LookupModule(LookupBase):
    """What Ansible looks for."""

    def run(self, terms: list[Any], variables: Row | None = None, **kwargs: Any) -> list[Row]:
        """The lookup."""
        self.set_options(var_options=variables, direct=kwargs)
        ask = self._asking(self.get_option("collection"))
        wanted = [item for term in terms for item in (term if isinstance(term, list) else [term])]
        found = compare(ask, wanted, self.get_option("organization"))
        return [{**asdict(found), "running": running(ask, found.ids)}]

    def _asking(self, collection: str) -> Ask:
        controller_api = lookup_loader.get(f"{collection}.controller_api", loader=self._loader, templar=self._templar)
        if controller_api is None:
            raise AnsibleError(
                f"The collection {collection} is not installed here, and the role awx needs it. "
                f"Install it: ansible-galaxy collection install {collection}"
            )

        def ask(path: str, query: Row) -> Row:
            [answer] = controller_api.run([path], {}, query_params=query, return_objects=False, return_all=True)
            result: Row = answer
            return result

        return ask
