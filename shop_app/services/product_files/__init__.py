"""Import and export of products: Shopify's CSV, and the pictures that it names."""
