"""The operator's catalogue of QoS references (TS 29.122, ``qosReference``), and what each means in the radio (TS 23.501, 5.7).

Names as in CAMARA's usual four profiles. Figures are the simulated operator's own; the 5QIs are standardized (TS 23.501, table
5.7.4-1): 3, real-time gaming, 50 ms; 2, live video, 150 ms. All are guaranteed: a cell that has no room refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.messages.user_plane import Quality

QOS_REFERENCES: Mapping[str, Quality] = {
    "QOS_E": Quality(3, 500, 1_000, 2_000, 4_000, 50.0),
    "QOS_S": Quality(2, 500, 2_000, 1_000, 4_000, 150.0),
    "QOS_M": Quality(2, 2_000, 8_000, 4_000, 16_000, 150.0),
    "QOS_L": Quality(2, 5_000, 25_000, 10_000, 50_000, 150.0),
}
