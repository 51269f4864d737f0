"""The test bench: a real Karmada with three member clusters, as plain processes on loopback. See README.md."""
