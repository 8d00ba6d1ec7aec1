"""How right every stage is, beside the references that researchers use: `scripts/validate`.

One module a stage, each with ``rows(data) -> list[Row]`` and a ``main`` of its own; `table` shows
them, ``__main__`` puts them into docs/validation.md.
"""
