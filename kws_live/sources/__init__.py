"""Where audio comes from: a microphone, a file, or standard input."""
