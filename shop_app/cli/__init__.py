"""The command line: `python -m shop_app COMMAND`, one file for each group of commands."""
