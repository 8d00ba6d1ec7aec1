"""What we want of a call: rubrics and lexicons, as people type them.

`load` reads a rubric file, `shipped` one of `names`, `load_lexicon` its phrase lists.
"""

from pipeline.rubric.kinds import AnyCriterion, Criterion
from pipeline.rubric.model import Lexicon, PhraseList, Rubric
from pipeline.rubric.reading import load, load_lexicon, names, shipped

__all__ = [
    "AnyCriterion",
    "Criterion",
    "Lexicon",
    "PhraseList",
    "Rubric",
    "load",
    "load_lexicon",
    "names",
    "shipped",
]
