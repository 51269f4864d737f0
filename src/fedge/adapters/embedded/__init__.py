"""The embedded engine's adapters: links over TCP, instances as child processes, sites on loopback addresses."""
