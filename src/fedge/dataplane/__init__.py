"""The hot path at a site: packets between user plane and instances, and the emulated wire between sites."""
