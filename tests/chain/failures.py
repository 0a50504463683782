"""What a ProofError says."""

from collections.abc import Callable

import pytest

from chain.errors import ProofError


def failure(call: Callable[..., object], *arguments: object) -> tuple[object, object]:
    """Step and rule of the ProofError."""
    with pytest.raises(ProofError) as caught:
        call(*arguments)
    assert caught.value.name == "bad_proof"
    step = caught.value.details["step"]
    assert caught.value.message.startswith(f"the proof fails at step {step}: ")
    return step, caught.value.details["rule"]
