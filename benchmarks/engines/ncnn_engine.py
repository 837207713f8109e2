# mypy: disable-error-code="import-not-found"
"""ncnn, in fp32 storage and arithmetic, Winograd and packed layouts on; on processors or by Vulkan."""

import importlib.metadata

import ncnn
import numpy as np
from driver import arguments, finish


def run(vulkan: bool) -> None:
    """Times the network that the command line names."""
    given = arguments()
    net = ncnn.Net()
    net.opt.num_threads, net.opt.use_vulkan_compute, net.opt.lightmode = given.threads, vulkan, True
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "bf16_packed", "int8_inference"):
        if hasattr(net.opt, f"use_{option}"):
            setattr(net.opt, f"use_{option}", False)
    net.opt.use_winograd_convolution = net.opt.use_sgemm_convolution = net.opt.use_packing_layout = True
    for load, ending in ((net.load_param, ".ncnn.param"), (net.load_model, ".ncnn.bin")):
        if load(str(given.model.with_suffix(ending))) != 0:
            raise SystemExit(f"{given.model}{ending}: ncnn cannot load it")
    array = np.ascontiguousarray(np.load(given.input)[0])
    image = ncnn.Mat(array)  # which does not copy: the array must live as long
    result: list[ncnn.Mat] = []

    def infer() -> None:
        extractor = net.create_extractor()
        extractor.input("in0", image)
        result[:] = [extractor.extract("out0")[1]]

    version = importlib.metadata.version("ncnn")
    device = f" on {ncnn.get_gpu_info(0).device_name()}" if vulkan else ""
    finish(given, version + device, infer, lambda: np.array(result[0]))
