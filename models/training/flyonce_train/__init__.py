"""Training of the flyonce model packs."""
