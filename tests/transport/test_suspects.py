"""A row is given up only where others pass and it never does."""

from probe.transport.suspects import PATIENCE, STRIKES, Suspects


def test_passing_failures_change_nothing() -> None:
    suspects = Suspects()
    assert [suspects.failed([1, 2], failures, 500) for failures in range(PATIENCE)] == [500] * 2
    assert suspects.after == 0


def test_a_batch_is_halved_down_to_one_row_which_is_stepped_over() -> None:
    suspects = Suspects()
    assert suspects.failed(range(1, 10), PATIENCE, 500) == 4
    assert suspects.failed([1], PATIENCE + 1, 1) == 1
    assert suspects.after == 1


def test_a_row_is_condemned_when_others_passed_it_often_enough() -> None:
    suspects = Suspects()
    found: list[int] = []
    for other in range(STRIKES):
        assert found == []
        suspects.failed([1], PATIENCE, 1)
        found = suspects.passed([10 + other])
        assert suspects.after == 0
    assert found == [1]
    assert suspects.passed([20]) == []


def test_a_known_suspect_is_sought_without_patience() -> None:
    suspects = Suspects()
    suspects.failed([1], PATIENCE, 1)
    suspects.passed([2])
    assert suspects.failed([1, 3], 0, 500) == 1


def test_what_passes_in_the_end_is_cleared() -> None:
    suspects = Suspects()
    for other in range(STRIKES - 1):
        suspects.failed([1], PATIENCE, 1)
        suspects.passed([10 + other])
    suspects.passed([1])
    suspects.failed([1], PATIENCE, 1)
    assert suspects.passed([20]) == []


def test_nobody_is_condemned_while_nothing_passes() -> None:
    suspects = Suspects()
    for row in (1, 2, 3) * STRIKES:
        suspects.failed([row], PATIENCE, 1)
    suspects.again()
    assert suspects.passed([4]) == []
