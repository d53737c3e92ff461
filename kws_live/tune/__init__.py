"""`kws-live tune`: operating points for the user's own rooms, words and patience, and what to expect of them."""
