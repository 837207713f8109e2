"""Training of graphs: a torch module made of the operators' references, and what runs over it."""

from npas.training.errors import TrainingError
from npas.training.evaluate import evaluate
from npas.training.loop import train
from npas.training.module import GraphModule
from npas.training.recipe import Recipe

__all__ = ["GraphModule", "Recipe", "TrainingError", "evaluate", "train"]
