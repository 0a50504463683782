"""Chance is a function of (seed, label), and of nothing else."""

from node.sim.entropy import Entropy


def test_same_label_same_numbers() -> None:
    """A stream is named: the same seed and label give the same numbers, another label or seed gives others."""
    first = [Entropy(7).stream("a").below(1 << 60) for _ in range(2)]
    assert first[0] == first[1]
    assert Entropy(7).stream("b").below(1 << 60) != first[0]
    assert Entropy(8).stream("a").below(1 << 60) != first[0]


def test_known_numbers() -> None:
    """The numbers are fixed for ever: a seed that is written in a report must replay in later versions."""
    stream = Entropy(1).stream("network")
    assert [stream.below(1000) for _ in range(5)] == KNOWN


def test_a_chance_of_zero_draws_nothing() -> None:
    """A fault that is off must not shift the numbers of those that are on."""
    one, other = Entropy(3).stream("x"), Entropy(3).stream("x")
    assert not any(one.chance(0) for _ in range(10))
    assert one.below(1 << 40) == other.below(1 << 40)


def test_chance_is_in_parts_per_million() -> None:
    """A million is always, half a million is about half."""
    stream = Entropy(3).stream("chance")
    assert all(stream.chance(1_000_000) for _ in range(100))
    assert 4_500 < sum(stream.chance(500_000) for _ in range(10_000)) < 5_500


def test_between_includes_both_ends() -> None:
    """low .. high, both included."""
    stream = Entropy(3).stream("between")
    assert {stream.between(2, 4) for _ in range(200)} == {2, 3, 4}
    assert stream.between(9, 9) == 9


def test_sample_choice_and_octets() -> None:
    """A sample has distinct items, octets have the asked length."""
    stream = Entropy(3).stream("sample")
    assert sorted(stream.sample(range(5), 5)) == [0, 1, 2, 3, 4]
    assert stream.choice(["only"]) == "only"
    assert len(stream.octets(33)) == 33


KNOWN = [721, 570, 82, 959, 476]
