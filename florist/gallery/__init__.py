"""The contact sheet: one self-contained HTML page per campaign, for people who judge pictures.

A sheet shows rows × cells with their outputs, prices, gaps and lineage. It is a view: it is read from archive and
ledger alone, asks nothing of FLORA, and whatever becomes of it costs nothing and loses nothing.

Start with `sheet.py` (what a sheet knows), `reading.py` (where it comes from) and `rendering.py` (the page).
"""

from florist.gallery.derivatives import Derivatives, made_derivatives, make_derivatives
from florist.gallery.links import Links, Review
from florist.gallery.reading import read_sheet
from florist.gallery.rendering import render_sheet
from florist.gallery.sheet import CellState, Sheet, SheetCell, SheetMedia, SheetRow

__all__ = [
    "CellState",
    "Derivatives",
    "Links",
    "Review",
    "Sheet",
    "SheetCell",
    "SheetMedia",
    "SheetRow",
    "made_derivatives",
    "make_derivatives",
    "read_sheet",
    "render_sheet",
]
