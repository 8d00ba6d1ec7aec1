"""Transcripts made elsewhere -> words of the agent and the customer.

`forms.parse` reads any known form into the same cues, `parties` finds out who is who, `transcript`
gives every word a time and refuses a file that does not belong to the recording.
"""

from pipeline.measure.imports.own import SCHEMA, transcript_schema
from pipeline.measure.imports.transcript import Imported, import_transcript

__all__ = ["SCHEMA", "Imported", "import_transcript", "transcript_schema"]
