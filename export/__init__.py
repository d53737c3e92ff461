"""Export of trained models: checkpoint → ONNX → int8 → parity report → model folder."""
