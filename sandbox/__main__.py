"""`python -m sandbox`: FLORA on this machine."""

from sandbox.command import main

if __name__ == "__main__":
    raise SystemExit(main())
