"""Marks name the scale that their number stands on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give marks a scale; until now every number stood on 0 to 100."""
    op.add_column("marks", sa.Column("scale", sa.String(length=32), nullable=True))
    op.execute("UPDATE marks SET scale = '0-100' WHERE mark IS NOT NULL")
