"""`python -m shop_app`: the command line."""

import sys

try:
    from .cli.main import main
    from .core.own_files import make_private

    make_private()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter shows its number. Streams that are closed aren't there.
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
    main()
except KeyboardInterrupt:
    # Before any command has begun.
    sys.exit(130)
