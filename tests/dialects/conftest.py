"""Keras runs on one backend in a process: PyTorch here, unless somebody has chosen another."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
