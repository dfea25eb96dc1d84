"""A Spark session, or one clear line why there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import blanko
from blanko.kernel.errors import BlankoError

JAVA_LEAST: Final = 17
ARROW_ROWS: Final = 1 << 16
MASTER: Final = "local[*]"


class NoSpark(BlankoError):
    """Spark needs what this machine lacks."""


def check() -> None:
    """Whether pyspark and a Java that it runs on are there. Raises NoSpark."""
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise NoSpark(
            "pyspark is not installed",
            mend="run it as ./blanko linkage dedupe --engine spark, which installs requirements/spark.txt",
        ) from error
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    mend = f"install Java {JAVA_LEAST} (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
    if java is None or not Path(java).exists():
        raise NoSpark("Spark needs Java, and there is none", mend=mend)
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', told.stderr + told.stdout)
    if told.returncode or not found or int(found[1]) < JAVA_LEAST:
        raise NoSpark(
            "Spark needs Java {least}, and {java} is {found}",
            mend=mend,
            least=JAVA_LEAST,
            java=java,
            found=found[1] if found else "none that answers",
        )


@contextmanager
def session(master: str, partitions: int) -> Iterator[Any]:
    """A session whose workers run this Python and this code. Raises NoSpark.

    Nodes need both at the same paths, and a folder that all of them see for the files. What is not said here comes
    from spark-defaults.conf in SPARK_CONF_DIR, as ever with Spark.
    """
    check()
    import pyspark
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_HOME", str(Path(pyspark.__file__).parent))
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    if master.startswith("local"):
        # One machine: no name is looked up, nothing listens outside, and executors keep their logs out of the package.
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    source = str(Path(blanko.__file__).parent.parent)
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.executorEnv.PYTHONPATH": source,
        # Compiled loops are kept where the driver keeps them; else each worker of a node would compile its own.
        "spark.executorEnv.XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(ARROW_ROWS),
        "spark.sql.shuffle.partitions": str(partitions),
        # Numbers of records are counted by partition: nothing may put partitions together in between.
        "spark.sql.adaptive.coalescePartitions.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master(master).appName("blanko linkage")
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except Exception as error:
        raise NoSpark(
            "Spark did not start at {master} ({reason})",
            mend="name a master that runs, such as local[*] or spark://HOST:7077",
            master=master,
            reason=str(error).strip().splitlines()[0][:200],
        ) from error
    try:
        yield spark
    finally:
        spark.stop()
