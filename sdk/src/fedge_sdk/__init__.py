"""Fedge's SDK: what a game server and a game client import. No dependency but Python itself.

A server is ``serve(game)`` with a ``Game``; a client is a ``ClientSession`` around a UDP socket, attached through ``attach``.
"""

from fedge_sdk.client import ClientSession
from fedge_sdk.game import TICK_HZ, TICK_NS, Game
from fedge_sdk.memory import Memory
from fedge_sdk.server import serve

__all__ = ["TICK_HZ", "TICK_NS", "ClientSession", "Game", "Memory", "serve"]
