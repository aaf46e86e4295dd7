"""The only room that knows there are two engines: units of work, scope, types, search index, blobs, keys."""
