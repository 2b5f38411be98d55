"""`python -m flora_sandbox`: FLORA on this machine."""

from flora_sandbox.command import main

if __name__ == "__main__":
    raise SystemExit(main())
