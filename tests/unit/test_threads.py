"""Arithmetic in one thread, for the commands alone."""

import os
import subprocess
import sys

import pytest

_ASK = """
import {module}
import numpy, scipy.linalg
from threadpoolctl import threadpool_info
print(*sorted({{each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}}))
"""


def _blas_threads(module, **environment):
    pytest.importorskip("threadpoolctl")
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", _ASK.format(module=module)],
        env=inherited | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core has one thread anyway")
def test_the_command_computes_in_one_thread_unless_the_environment_says_otherwise():
    assert _blas_threads("pipeline.cli") == ["1"]
    assert _blas_threads("pipeline.cli", OPENBLAS_NUM_THREADS="2") == ["2"]


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core has one thread anyway")
def test_whoever_imports_the_package_keeps_their_threads():
    assert _blas_threads("pipeline.facts") == [str(os.cpu_count())]
