"""Named arrays to files and back. Every file is written whole or not at all."""
