"""What an evaluation prints and writes: tables, JSON, CSV, Audacity tracks and an HTML page."""
