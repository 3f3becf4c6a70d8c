# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings for the site that tests/tools/site.py builds: the theme of docs.ansible.com."""

from __future__ import annotations

project = "telephony.vicidial"
project_copyright = "telephony.vicidial maintainers"
html_title = "telephony.vicidial: VICIdial's stereo recordings, declared"
html_short_title = "telephony.vicidial"

extensions = ["sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_theme_options = {
    "documentation_home_url": "https://ansible-collections.github.io/telephony.vicidial/",
    "show_extranav": False,
    "show_rtd_ethical_ads": False,
}
# Tables wrap on a phone too.
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
pygments_style = "ansible"
highlight_language = "yaml+jinja"
# "--check" stays as it is typed.
smartquotes = False

# Every reference must lead somewhere, but for those into the documentation of Ansible itself, which is not built here.
nitpicky = True
nitpick_ignore_regex = [("std:ref", r"(?!ansible_collections\.telephony\.vicidial\.).*"), ("std:envvar", "ANSIBLE_.*")]
