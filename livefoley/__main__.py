"""``python -m livefoley``."""

from livefoley.cli import main

if __name__ == "__main__":
    main()
