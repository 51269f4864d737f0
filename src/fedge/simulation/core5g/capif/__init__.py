"""The CAPIF core function of the simulated operator: 3GPP TS 29.222 Rel-17 (TS 33.122 for its security), over mutual TLS.

Providers register (``providers``) and publish (``publications``); invokers onboard with a public key and get a certificate
(``invokers``, ``ledger``), discover (``discovery``), agree on a security method (``contexts``) and get tokens (``granting``,
``tokens``, ``scopes``); everybody may subscribe to what happens (``events``). ``core`` joins them over a registry on disk,
``opening`` has it as a run needs it; ``api`` is HTTP, ``callers`` who may; ``gate`` is what the exposure function asks.
``data_types``, ``published`` and ``places`` are what is said.
"""
