"""The HTTP edge: documents, cookies, the guard, the limits, and the routes that are no pages."""
