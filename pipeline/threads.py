"""How many threads a command's arithmetic takes: one.

Measuring multiplies small matrices, thousands a second. OpenBLAS would share each of them among all
cores, whose threads then spin while they wait for each other: beside other work a call took six
times the processor time. Whisper's threads are torch's, and stay. OpenBLAS reads its variable when
NumPy is imported, so importing this comes first; a value in the environment wins.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
