"""What runs the student's graph: ONNX Runtime, or an engine compiled by TensorRT."""
