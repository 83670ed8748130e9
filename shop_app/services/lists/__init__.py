"""Lists of the back office: one grammar of search, sort and filters, one engine, for records of any kind."""
