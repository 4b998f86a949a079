"""``python -m tallystick.cli``: the same as ``tallystick``."""

from tallystick.cli import main

if __name__ == "__main__":
    main()
