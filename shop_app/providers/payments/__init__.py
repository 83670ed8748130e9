"""Payment providers: the Protocol, one file for each provider, and the registry of those on offer."""
