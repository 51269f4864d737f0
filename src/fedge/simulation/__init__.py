"""A simulated city, its radio and its user plane, through which every packet of the embedded engine really crosses.

Purpose: give one machine an access network. Delay, jitter, loss, rate and handover gaps are imposed on real datagrams by a
userspace relay; nothing here is measured on a radio. What is measured, fitted or assumed is said in ``profiles``. Reading
order: ``city`` (where), ``ues`` (who moves), ``radio`` and ``ran`` (which cell), ``profiles``, ``fading`` and ``air`` (what
the radio does to a packet), ``gnb`` (which path, GTP-U), ``packet_path`` (the sockets), ``upf`` (the other end of N3, and N6).
"""
