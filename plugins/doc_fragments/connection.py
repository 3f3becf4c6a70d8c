# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options with which every plugin of the collection reaches the server."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(telephony.vicidial.connection)."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - The root of the VICIdial web server, such as V(https://dialer.example.com), or the full path of its C(api.php),
        such as V(https://dialer.example.com/agc/api.php).
      - If not set, the value of the environment variable E(VICIDIAL_API_URL) is used.
    type: str
    required: true
  api_user:
    description:
      - The VICIdial user that calls the API. It is another account than the agent's.
      - It needs C(Agent API Access), and C(stereo_recording) in its C(API Allowed Functions).
      - Its language must be C(default English). Answers in another language are refused, not guessed at.
      - If not set, the value of the environment variable E(VICIDIAL_API_USER) is used.
    type: str
    required: true
  api_password:
    description:
      - The password of O(api_user). It leaves the module in the body of a POST request only.
      - Letters, digits, C(-) and C(_) are right everywhere. C(.), C(+), C(/) and C(=) are right for recordings, but the
        Non-Agent API drops them, so that every listing of agents would be a failed login. It is not sent then.
      - VICIdial drops all other characters before it compares passwords. With them a password can never match on most
        systems; the module warns about it.
      - Ten wrong passwords lock the account for 15 minutes, for everyone who uses it. One run of C(ansible-playbook)
        sends a wrong one B(once) to each of the two APIs, whatever its hosts, forks, loops and retries.
      - Ansible masks it wherever it stands in a result. A password that is an agent's number masks that number too.
      - If not set, the value of the environment variable E(VICIDIAL_API_PASSWORD) is used.
    type: str
    required: true
  api_source:
    description:
      - Who calls, for VICIdial's own log of API calls. 2 to 20 letters and digits.
      - If not set, the value of the environment variable E(VICIDIAL_API_SOURCE) is used.
    type: str
    default: ansible
  validate_certs:
    description:
      - Whether the certificate of the server is verified.
      - If not set, the value of the environment variable E(VICIDIAL_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the CA certificates, or a directory of hashed ones, that the server's certificate is verified with.
      - Without it E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) is used if set, and the CA certificates that C(requests)
        finds otherwise.
      - If not set, the value of the environment variable E(VICIDIAL_CA_PATH) is used.
    type: path
  client_cert:
    description: A PEM file with a client certificate, where the server asks for one; its key can be in it.
    type: path
  client_key:
    description: The PEM file of the unencrypted key of O(client_cert).
    type: path
  timeout:
    description:
      - How many seconds the answer to one call is awaited. Connecting takes 5 of them at most.
    type: float
    default: 10
  retries:
    description:
      - How often a STATUS is repeated that got no answer (no connection, a time-out, HTTP 429 or 5xx, a page without
        any result), after pauses of 0.5, 1, 2 and so on seconds, or as long as its C(Retry-After) says. 0 to 10.
      - The very first call, and the list of who is logged in, are repeated only when they certainly did not reach the
        server, for an answer that got lost may have been that the password is wrong.
      - A BEGIN or END is never repeated blindly. After an unclear answer to one the module asks for the STATUS and
        decides afresh.
      - Repetitions end with C(wait_timeout), in plugins without that option after 10 seconds.
    type: int
    default: 3
requirements:
  - requests >= 2.25.1 on the host that runs the module
notes:
  - The server needs VICIdial build 250830-2102 or newer, and stereo recording allowed in its System Settings, for its
    campaigns and, apart from that, for its in-groups.
  - Proxy settings of the environment are respected. A C(.netrc) is not, and redirects are not followed.
"""

    # For what asks the Non-Agent API as well.
    LISTING = r"""
options:
  non_agent_api_url:
    description:
      - The full path of VICIdial's C(non_agent_api.php), or the root of another server that has it.
      - Without it the Non-Agent API is asked below O(api_url), at C(/vicidial/non_agent_api.php). It is needed where
        O(api_url) is the path of a script that is not C(/agc/api.php), such as V(https://dialer.example.com/agc2/api.php).
      - If not set, the value of the environment variable E(VICIDIAL_NON_AGENT_API_URL) is used.
    type: str
"""

    # For plugins, which read the environment by themselves. To be used together with the one above.
    PLUGIN = r"""
options:
  api_url:
    env:
      - name: VICIDIAL_API_URL
  api_user:
    env:
      - name: VICIDIAL_API_USER
  api_password:
    env:
      - name: VICIDIAL_API_PASSWORD
  api_source:
    env:
      - name: VICIDIAL_API_SOURCE
  validate_certs:
    env:
      - name: VICIDIAL_VALIDATE_CERTS
  ca_path:
    env:
      - name: VICIDIAL_CA_PATH
  non_agent_api_url:
    env:
      - name: VICIDIAL_NON_AGENT_API_URL
"""
