"""ncnn on the first Vulkan device."""

import ncnn_engine

ncnn_engine.run(vulkan=True)
