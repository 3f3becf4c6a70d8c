# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a line of the API reads for an account with a language of its own (protocol 2.5)."""

from __future__ import annotations

DEFAULT_LANGUAGE = "default English"

# Spanish leaves the word ERROR as it is and translates the reason: a line can look English and not be.
_SPANISH = {
    "NOTICE": "AVISO",
    "SUCCESS": "Exitoso",
    "VERSION": "Versión",
    "DATE": "Fecha",
    "not stereo_recording": "No grabar",
    "not recording": "No grabar",
    "stereo_recording active": "Grabación activa",
    "recording active": "Grabación activa",
    "stereo_recording function sent": "función enviada",
    "recording function sent": "función enviada",
    "stop stereo_recording error": "error al detener la grabación",
    "stop recording error": "error al detener la grabación",
    "agent_user is not logged in": "el agente no ha iniciado la sesión",
    "no user found": "usuario no encontrado",
    "Invalid Username/Password": "Nombre de usuario/contraseña incorrecto",
}
_LANGUAGES = {"Spanish": _SPANISH}
LANGUAGES = (DEFAULT_LANGUAGE, *_LANGUAGES)


def translate(text: str, language: str) -> str:
    """``text`` (a word or a reason, never a field) in ``language``; what has no translation stays as it is."""
    return _LANGUAGES.get(language, {}).get(text, text)
