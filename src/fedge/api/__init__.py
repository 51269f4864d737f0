"""The platform's outer APIs: translation only, no decisions. `manifests.py` reads what people apply."""
