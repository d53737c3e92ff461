"""The report of a run: what was learned, what is confused, how sure the model is, and its worst mistakes."""
