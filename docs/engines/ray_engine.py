"""Work on shards on a Ray cluster: `--engine ray`, once an entry point of the group `llmci.engine` names `RayEngine`.

[project.entry-points."llmci.engine"]
ray = "ray_engine:RayEngine"
"""

from concurrent.futures import Executor, Future

import ray

from llmci.seams import Options, WorkerDied


class RayExecutor(Executor):
    def submit(self, fn, /, *args, **kwargs):
        ours = Future()
        theirs = ray.remote(max_retries=0)(fn).remote(*args, **kwargs).future()
        theirs.add_done_callback(lambda done: self._pass_on(done, ours))
        return ours

    def _pass_on(self, done, ours):
        error = done.exception()
        if error is None:
            ours.set_result(done.result())
        else:
            died = isinstance(error, (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError))
            ours.set_exception(WorkerDied() if died else error)


class RayEngine:
    at_once, Options = 64, Options

    def __init__(self, options, context): ...

    def executor(self):
        # With RAY_ADDRESS in the environment this is that cluster, else one of this machine.
        ray.init(ignore_reinit_error=True, log_to_driver=False)
        return RayExecutor()

    def dashboard(self): ...
