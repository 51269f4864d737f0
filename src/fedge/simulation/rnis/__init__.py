"""The simulated operator's radio network information service: ETSI GS MEC 012 v2.2.1 (RNI API), served beside the NEF.

``picture`` is what the access network and session management said last; ``queries`` answers from it, ``reports`` makes
notifications of what changes, ``subscriptions`` are the operations on those who want them; ``data_types`` is the standard's
form of all that. These are pure. ``service`` joins them, ``channels`` carries notifications, ``api`` is HTTP and websockets.

What the model has not is left out or refused, never invented: docs/core-network.md says which.
"""
