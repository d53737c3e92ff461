"""Training of keyword-spotting models: corpora, augmentation, Wav2Vec2, evaluation."""
