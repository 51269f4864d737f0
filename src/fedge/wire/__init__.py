"""Encodings between the platform's programs: messages on links (``codec``), binary traces (``records``), signed tokens (``jwt``,
``oauth``). No I/O.

The packets of a session are the SDK's own contract: ``fedge_sdk.wire``.
"""
