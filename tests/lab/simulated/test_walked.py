from __future__ import annotations

from datetime import timedelta

from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.walked import Walked
from probe.model import Reach, TcpConnect


def test_steps_are_made_anew_and_know_when_they_were_taken() -> None:
    step = TcpConnect(at=EPOCH + timedelta(seconds=2), took=0.1, address="192.0.2.1", port=443)
    walked = Walked(observations=(step,), took=0.1, flows=1)
    ((fresh, offset),) = walked.copies
    assert fresh() == step
    assert fresh() is not step
    assert offset == timedelta(seconds=2)
    assert walked.copies is walked.copies


def test_a_run_is_checked_once() -> None:
    step = TcpConnect(at=EPOCH, took=0.1, address="192.0.2.1", port=443)
    walked = Walked(observations=(step,), took=0.1, flows=1)
    run = walked.checked(Reach.FOREIGN)
    assert (run.reach, run.observations) == (Reach.FOREIGN, (step,))
    assert walked.checked(Reach.FOREIGN) is run
    assert run.came is run.came
