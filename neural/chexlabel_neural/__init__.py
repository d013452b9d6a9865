"""The refiner: a small BERT that reads what the rules of chexlabel cannot.

`import chexlabel` loads nothing of this package. Its modules import what they need (ONNX Runtime,
PyTorch) only where it is used, so that the parts run with the extras that they name.
"""
