"""Tax rates by place and class of goods, and the VAT numbers of businesses."""
