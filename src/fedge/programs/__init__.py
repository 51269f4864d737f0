"""The processes of a run. Wiring only: read the configuration, put parts together, run until told to stop."""
