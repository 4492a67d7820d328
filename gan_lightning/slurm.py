"""Jobs of SLURM that are put back into the queue when their time is over."""

import logging
import os
import shutil
import signal
import subprocess

log = logging.getLogger(__name__)


def requeue_after(number: int) -> None:
    """Put this job back into the queue if SIGUSR1 has ended the run, once everything is written.

    SLURM sends that signal before the time limit to a job with `#SBATCH --signal=USR1@90`. A job that asks for another
    signal, such as `--signal=TERM@90`, stays out of the queue. Outside SLURM nothing happens.

    Args:
        number: the signal that has ended the run.
    """
    job = job_id()
    if job is None or number != signal.SIGUSR1:
        return
    scontrol = shutil.which("scontrol")
    if scontrol is None:
        log.warning("job %s is not put back into the queue, because there is no scontrol on PATH", job)
        return
    answer = subprocess.run([scontrol, "requeue", job], capture_output=True, text=True, check=False)
    if answer.returncode:
        said = " ".join((answer.stderr or answer.stdout).split())
        log.warning("job %s is not put back into the queue: scontrol says %s", job, said or answer.returncode)
    else:
        log.info("  %-12s job %s is back in the queue", "SLURM", job)


def job_id() -> str | None:
    """Return the name by which SLURM knows this job, `<array>_<task>` in an array; None outside SLURM."""
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        return f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    return os.environ.get("SLURM_JOB_ID")
