"""Opening a model folder and running it with ONNX Runtime."""

from kws_live.model.classifier import Classifier
from kws_live.model.find import find_model
from kws_live.model.folder import ModelFolder, load_model_folder

__all__ = ["Classifier", "ModelFolder", "find_model", "load_model_folder"]
