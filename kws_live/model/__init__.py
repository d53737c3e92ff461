"""Opening a model folder and running it with ONNX Runtime."""

from kws_live.model.classifier import Classifier, Stream
from kws_live.model.find import find_model
from kws_live.model.folder import ModelFolder, load_model_folder
from kws_live.model.runtimes import Runtime

__all__ = ["Classifier", "ModelFolder", "Runtime", "Stream", "find_model", "load_model_folder"]
