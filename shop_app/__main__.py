"""`python -m shop_app`: the command line."""

from .cli.main import main
from .core.own_files import make_private

make_private()
main()
