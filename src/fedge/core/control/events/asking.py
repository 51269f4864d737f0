"""Subscribers who are asked by a client, and the codes that their yes becomes in the authorization code flow."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.location import Asking, Code
from fedge.core.messages import Message
from fedge.core.model import Nanoseconds


class AskedAsking(Message, frozen=True):
    request: RequestId
    asking: Asking


class AskedAskingEnd(Message, frozen=True):
    request: RequestId
    id: str


class AskedCode(Message, frozen=True):
    request: RequestId
    code: Code


class AskedRedemption(Message, frozen=True):
    """``token``: the id of the access token that is given for the code, which lives until ``until``."""

    request: RequestId
    id: str
    client: str
    redirect_uri: str
    challenge: str
    token: str
    until: Nanoseconds


class SubscriberAsked(Message, frozen=True):
    asking: Asking


class AskingEnded(Message, frozen=True):
    """It was answered, or will not be."""

    id: str


class CodeGiven(Message, frozen=True):
    code: Code


class CodeUsed(Message, frozen=True):
    id: str
    token: str
    until: Nanoseconds
