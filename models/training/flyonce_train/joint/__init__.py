"""One backbone, three heads: water masks, smoke and flame boxes, waste boxes."""
