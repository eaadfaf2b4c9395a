"""The waterlogging pack: standing and flood water as a probability map."""
