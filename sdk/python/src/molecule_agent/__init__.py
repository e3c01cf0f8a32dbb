"""Join a Molecule organisation as a remote agent: register, receive messages, answer, call peers, delegate."""

from ._errors import (
    CredentialRejectedError,
    CursorLostError,
    ForeignAnswerError,
    PlatformError,
    RelayRefusedError,
    ReplacedError,
    WorkspaceGoneError,
)
from ._models import InboundMessage, InboundSource, PeerInfo, SharedFile, WorkspaceState
from ._plugins import compute_plugin_sha256, verify_plugin_sha256
from ._version import __version__
from ._wire import extract_text
from .a2a_server import A2AServer
from .client import RemoteAgentClient, make_idempotency_key
from .inbound import DEFAULT_POLL_INTERVAL, InboundDelivery, MessageHandler, PollDelivery, PushDelivery
from .relay import RelayDelivery

__all__ = [
    "A2AServer",
    "CredentialRejectedError",
    "CursorLostError",
    "DEFAULT_POLL_INTERVAL",
    "ForeignAnswerError",
    "InboundDelivery",
    "InboundMessage",
    "InboundSource",
    "MessageHandler",
    "PeerInfo",
    "PlatformError",
    "PollDelivery",
    "PushDelivery",
    "RelayDelivery",
    "RelayRefusedError",
    "RemoteAgentClient",
    "ReplacedError",
    "SharedFile",
    "WorkspaceGoneError",
    "WorkspaceState",
    "__version__",
    "compute_plugin_sha256",
    "extract_text",
    "make_idempotency_key",
    "verify_plugin_sha256",
]
