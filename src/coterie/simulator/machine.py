"""A machine whose cores are shared by the processes that compute on it, as a fluid.

Work is in core-seconds. A process has jobs that run at the same time (a prompt, tokens, a load) and
is given cores as a fair scheduler gives them: as many as its widest job can use, or an equal share
of what is left (max-min fairness); its jobs share them equally.
"""

from msgspec import Struct

DONE = 1e-9  # core-seconds that are as good as none


class Job(Struct):
    """Work of a process: core-seconds that are left, and the most cores it can use."""

    name: str
    process: str
    left: float
    widest: float
    cores: float = 0.0  # that it has now


class Machine:
    """Time passes by `advance` alone."""

    def __init__(self, cores: float) -> None:
        assert cores > 0, cores
        self._cores = cores
        self._jobs: dict[str, Job] = {}

    def add(self, name: str, process: str, work: float, widest: float) -> None:
        """Begins a job of so many core-seconds."""
        assert name not in self._jobs, f"job {name!r} runs already"
        self._jobs[name] = Job(name, process, max(work, DONE), widest)
        self._share()

    def remove(self, name: str) -> None:
        """Ends a job, done or not."""
        if self._jobs.pop(name, None) is not None:
            self._share()

    def advance(self, seconds: float) -> None:
        """Lets all jobs run for so long: no further than to the first one's end."""
        for job in self._jobs.values():
            job.left -= job.cores * seconds

    def next_end(self) -> tuple[float, str] | None:
        """Seconds until the first job ends, and which; None: there is none."""
        ends = [(max(0.0, job.left) / job.cores, job.name) for job in self._jobs.values()]
        return min(ends, default=None)

    def _share(self) -> None:
        jobs: dict[str, list[Job]] = {}
        for job in self._jobs.values():
            jobs.setdefault(job.process, []).append(job)
        wanted = {process: max(job.widest for job in own) for process, own in jobs.items()}
        left = self._cores
        while wanted:
            share = left / len(wanted)
            content = [process for process, widest in wanted.items() if widest <= share]
            for process in content or list(wanted):
                cores = min(share, wanted[process])
                for job in jobs[process]:
                    job.cores = min(job.widest, cores / len(jobs[process]))
                left -= cores
                del wanted[process]
