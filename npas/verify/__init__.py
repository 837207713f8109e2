"""Parity: does the generated program compute what ONNX Runtime computes, and if not, where does it leave the path?"""

from npas.verify.parity import LayerCheck, ParityReport, verify

__all__ = ["LayerCheck", "ParityReport", "verify"]
