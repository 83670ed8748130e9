"""The storefront's pages as plain HTML, for search engines, people without scripts, and the first paint."""
