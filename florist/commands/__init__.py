"""The command line's commands, and what they print; `florist.cli` puts them together.

Promises: stdout carries the answer and stderr all else; nothing is spent that nobody agreed to; a pipe that nobody
reads any more (`| head`) ends no command whose paid runs are in flight.
Start reading at `florist/cli.py`, then `terminal.py`.
"""
