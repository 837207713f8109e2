"""What the search learns from one candidate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npas.search.candidate import Candidate

Origin = Literal["agent", "mutation", "initial"]
"""Who proposed a candidate: the Q-learning agent, a mutation of a good trial, or the prior."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What evaluating a candidate gave: top-1 as a fraction, latency in ms, and the seconds each of them took."""

    accuracy: float
    latency_ms: float
    seconds_accuracy: float = 0.0
    seconds_latency: float = 0.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate to evaluate and who proposed it."""

    candidate: Candidate
    origin: Origin


@dataclass(frozen=True, slots=True)
class Trial:
    """An evaluated candidate: either its evaluation and reward, or the error it failed with.

    ``number`` counts from 0 in the order of evaluation.
    """

    number: int
    candidate: Candidate
    origin: Origin
    evaluation: Evaluation | None
    reward: float | None
    error: str | None = None

    def __post_init__(self) -> None:
        assert (self.evaluation is None) == (self.reward is None) == (self.error is not None)

    @property
    def key(self) -> str:
        return self.candidate.key

    @property
    def done(self) -> bool:
        return self.evaluation is not None

    @property
    def accuracy(self) -> float:
        """Top-1 after fast evaluation; only of a trial that did not fail."""
        assert self.evaluation is not None, f"trial {self.number} failed"
        return self.evaluation.accuracy

    @property
    def latency_ms(self) -> float:
        """Measured latency; only of a trial that did not fail."""
        assert self.evaluation is not None, f"trial {self.number} failed"
        return self.evaluation.latency_ms
