"""Products in and out as files: Shopify's CSV, and the pictures that it names."""
