"""What happens in the shop: commands and queries that take a session first and never commit.

A subject imports only those to its left in `tests/test_house.py`. Where one further right has to write along
with one further left, it follows its facts inside the transaction: all of that stands here, in one list.
"""

from ..core import events
from .inventory import commands as inventory_commands
from .returns import status as return_status
from .search import listing_index

events.follow(events.VariantAdded, inventory_commands.follow_new_variant)
events.follow(events.BackorderChanged, inventory_commands.follow_editor)
events.follow(events.CatalogueChanged, listing_index.follow_catalogue)
events.follow(events.StockChanged, listing_index.follow_stock)
events.follow(events.ReturnRefunded, return_status.follow_refund)
