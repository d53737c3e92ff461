"""Export of trained models: checkpoint → ONNX → int8 → parity report → model folder."""

import kws_live  # noqa: F401  (it keeps onnxruntime from reporting its use, before it is imported)
