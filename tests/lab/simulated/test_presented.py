"""What steps carry is what the real steps would carry."""

from __future__ import annotations

import errno
import ssl

import pytest

from probe.lab.simulated.act import Act
from probe.lab.simulated.presented import EPOCH, WORDS, certificate, failure, policed
from probe.measure.failure import classify, of_rcode


@pytest.mark.parametrize("number", [errno.ECONNRESET, errno.ECONNREFUSED, errno.EHOSTUNREACH])
def test_failures_of_the_kernel_carry_its_errno(number: int) -> None:
    real = classify(OSError(number, "words"))
    told = failure(real.name)
    assert told
    assert (told.name, told.errno) == (real.name, real.errno)


@pytest.mark.parametrize("rcode", [2, 3, 5])
def test_rcodes_are_said_as_the_real_step_says_them(rcode: int) -> None:
    real = of_rcode(rcode)
    assert real
    assert failure(real.name) == real


def test_a_refused_certificate_carries_openssls_number() -> None:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_code, error.verify_message = 62, "hostname mismatch"
    assert failure("ssl_invalid_hostname") == classify(error)
    assert (found := failure("ssl_invalid_certificate", 9))
    assert found.verify == 9


def test_no_failure_is_none() -> None:
    assert failure("") is None
    assert all(failure(name) for name in WORDS)


def test_an_expired_certificate_is_another_one_that_ended_before_the_story() -> None:
    good, old = certificate("a.com"), certificate("a.com", "expired")
    assert good.sha256 != old.sha256
    assert good.not_before < old.not_after < EPOCH < good.not_after


def test_a_policer_delays_what_is_past_its_burst() -> None:
    acts = (Act(), Act(rate=16_250.0))
    assert policed((), 10**6) == (0.0, 0.0)
    assert policed(acts, 4096) == (0.0, 0.0)
    (first, last), (later_first, later) = policed(acts, 30_000), policed(acts, 60_000)
    assert first < 0.75 < last < later  # the first record passes within the burst
    assert later_first == first
