"""x"""
from . import torch
