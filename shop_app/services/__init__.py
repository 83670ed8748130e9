"""What happens in the shop: commands and queries that take a session first and never commit.

A subject imports only those to its left in `tests/house/test_house.py`. Where one subject has to write in the
transaction of another that it may not be imported by, it follows its events: the whole list is here.
"""

from ..core import events
from .catalog import collection_rules
from .credit import own as own_credit
from .inventory import commands as inventory_commands
from .orders import claims
from .returns import status as return_status
from .search import listing_index
from .stock_alerts import line

events.follow(events.VariantAdded, inventory_commands.follow_new_variant)
events.follow(events.StockPolicyChanged, inventory_commands.follow_policy)
# Before the listing index, which says of each product in which collections it is.
events.follow(events.CatalogueChanged, collection_rules.follow_catalogue)
events.follow(events.CatalogueChanged, listing_index.follow_catalogue)
events.follow(events.CategoriesChanged, listing_index.follow_categories)
events.follow(events.CollectionsChanged, listing_index.follow_collections)
events.follow(events.StockChanged, listing_index.follow_stock)
events.follow(events.StockChanged, line.follow_stock)
events.follow(events.ConsentWithdrawn, line.follow_withdrawal)
events.follow(events.ReturnRefunded, return_status.follow_refund)
events.follow(events.AccountAddressChanged, claims.follow_address)
events.follow(events.AccountAddressChanged, own_credit.follow_address)
