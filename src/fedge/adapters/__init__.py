"""The outside world, one package an engine or a protocol."""
