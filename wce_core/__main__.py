"""``python -m wce_core`` is ``wce-core``."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
