"""What carries the pure core: loops, clocks, the journal's order. No decision is taken here."""
