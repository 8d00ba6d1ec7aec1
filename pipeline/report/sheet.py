"""Pages of figures that need nothing else: no network, no script, no other file.

A package keeps its own template, which extends ``sheet.html.j2``, and its own styles beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jinja2
from markupsafe import Markup

_HOME: Final = "pipeline.report"
_STYLES: Final = "night.css"


def render(package: str, template: str, styles: Sequence[str] = (), **values: Any) -> str:
    """A package's page.

    Args:
        package: whose folder ``page`` holds template and styles.
        template: extends ``sheet.html.j2``; it is given ``values`` and ``css``.
        styles: files of the package's own, after the house's.
        values: what the template speaks of, ``ui`` and the texts ``t`` among it.
    """
    css = Markup("\n").join([_part(_HOME, _STYLES), *(_part(package, name) for name in styles)])
    return _environment(package).get_template(template).render(css=css, **values)


@cache
def _environment(package: str) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(package, "page"), jinja2.PackageLoader(_HOME, "page")]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


@cache
def _part(package: str, name: str) -> Markup:
    # Our own files, not anybody's input.
    return Markup(files(package).joinpath("page", name).read_text("utf-8"))
