"""Work on shards on Spark, by `mapInArrow`: `--engine spark`, once an entry point of the group `llmci.engine` names it.

    [project.entry-points."llmci.engine"]
    spark = "spark_engine:SparkEngine"

A piece of work is a row of a data frame and one task of Spark; what travels is the name of a shard and, back, its
statistics. The rows of the traces do not: workers read and write the shelves themselves.
"""

from concurrent.futures import ThreadPoolExecutor

import cloudpickle
import pyarrow as pa
from pyspark.sql import SparkSession

from llmci.seams import Options


def work_off(batches):
    """In a worker of Spark: do what each row says, and give back what became of it."""
    for batch in batches:
        for row in batch.column(0).to_pylist():
            fn, args, kwargs = cloudpickle.loads(row)
            try:
                done = True, fn(*args, **kwargs)
            except Exception as error:
                done = False, error
            yield pa.RecordBatch.from_pydict({"done": [cloudpickle.dumps(done)]})


class SparkExecutor(ThreadPoolExecutor):
    """A thread waits for each job; Spark's own scheduler decides which worker takes it, and tries it again elsewhere."""

    def __init__(self, spark, at_once):
        super().__init__(at_once)
        self._spark = spark

    def submit(self, fn, /, *args, **kwargs):
        return super().submit(self._job, cloudpickle.dumps((fn, args, kwargs)))

    def _job(self, work):
        frame = self._spark.createDataFrame([(bytearray(work),)], "work binary")
        fine, done = cloudpickle.loads(frame.mapInArrow(work_off, "done binary").first().done)
        if not fine:
            raise done
        return done


class SparkEngine:
    at_once, Options = 64, Options

    def __init__(self, options, context): ...

    def executor(self):
        self._spark = SparkSession.builder.appName("llmci").getOrCreate()
        return SparkExecutor(self._spark, self.at_once)

    def dashboard(self):
        return self._spark.sparkContext.uiWebUrl
