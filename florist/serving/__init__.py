"""The server of `florist serve`: an ASGI application that shows an archive to people, and takes picks and uploads.

Promises: it pays for nothing and asks nothing of FLORA; nobody without a token sees anything, and no page of
another origin can act for somebody who has one; of the archive it gives out what a manifest vouches for, previews
and uploads alone, streamed in small blocks however slow its reader is.
Start reading at `app.py`, which composes all routes; `guard.py` stands before all of them.
"""
