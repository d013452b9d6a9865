"""The version, read by the build and by `chexlabel --version`."""

__version__ = "0.1.0"
