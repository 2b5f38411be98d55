"""The command groups of `florist` that need nothing but the library."""
