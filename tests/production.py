"""Settings that production mode starts with: nothing in them opens anything."""

from __future__ import annotations

PRODUCTION = {
    "SHOP_MODE": "production",
    "SHOP_BASE_URL": "https://shop.example",
    "SHOP_SECRET_KEY": "kZ2rX9vQm4TbW7yLc1HnD8sJf5GpA3eU",
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_5WbX5kEWLlfzsGNjH64I8lOO",
}
