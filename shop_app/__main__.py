"""`python -m shop_app`: the command line."""

from .cli import main

main()
