"""Running systems on cases: order, digests, patience and money. Pure; the stage drives it."""
