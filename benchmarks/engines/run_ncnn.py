"""ncnn on the processor."""

import ncnn_engine

ncnn_engine.run(vulkan=False)
