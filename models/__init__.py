"""Models that ship with kws-live, one folder each; `default` is used unless told otherwise."""
