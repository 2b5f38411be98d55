"""FLORA's resources, one module each, in the shape of its own SDK."""
