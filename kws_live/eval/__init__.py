"""Making labelled streams and measuring detection on them; needed by evaluation and training, never to listen."""
