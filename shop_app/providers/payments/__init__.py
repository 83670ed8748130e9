"""Payment providers: the Protocol, one file for each, and the ways to pay that this process offers."""
