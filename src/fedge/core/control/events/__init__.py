"""What the centre is asked and what it decides, beside the messages of agents and access network. One file a subject.

``Asked…`` are requests: they are not journaled, and lead to at most one proposal. A *decided* event is journaled before it
changes anything; replaying the decided events gives the same state and the same effects (invariant 6). Which events are decided
is said where they are told: each subject's ``DECIDES`` (`control/dispatch.py`).
"""
