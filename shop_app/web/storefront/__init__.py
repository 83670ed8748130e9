"""The storefront's pages as plain HTML: what engines, people without scripts, and the first paint get."""
