"""torch.compile's inductor: the code that it generates, compiled ahead of time for this number of threads."""

import numpy as np
import torch
from driver import arguments, finish

given = arguments()
torch.set_num_threads(given.threads)
run = torch._inductor.aoti_load_package(str(given.model.with_suffix(f".inductor{given.threads}.pt2")))
image = torch.from_numpy(np.load(given.input))
result: list[torch.Tensor] = []


def infer() -> None:
    result[:] = [run(image)]


with torch.inference_mode():
    finish(given, torch.__version__, infer, lambda: result[0].numpy())
