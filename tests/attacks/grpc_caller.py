"""A client of the gRPC binding that shares nothing with the platform: Debian's grpcio over messages that protoc made."""

from __future__ import annotations

import functools
import importlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf import json_format

SERVICE = "/lf.a2a.v1.A2AService/"
ANSWERS = {
    "SendMessage": ("SendMessageRequest", "SendMessageResponse"),
    "SendStreamingMessage": ("SendMessageRequest", "StreamResponse"),
    "GetTask": ("GetTaskRequest", "Task"),
    "ListTasks": ("ListTasksRequest", "ListTasksResponse"),
    "CancelTask": ("CancelTaskRequest", "Task"),
    "SubscribeToTask": ("SubscribeToTaskRequest", "StreamResponse"),
    "CreateTaskPushNotificationConfig": ("TaskPushNotificationConfig", "TaskPushNotificationConfig"),
    "GetTaskPushNotificationConfig": ("GetTaskPushNotificationConfigRequest", "TaskPushNotificationConfig"),
    "ListTaskPushNotificationConfigs": ("ListTaskPushNotificationConfigsRequest", "ListTaskPushNotificationConfigsResponse"),
    "DeleteTaskPushNotificationConfig": ("DeleteTaskPushNotificationConfigRequest", None),
    "GetExtendedAgentCard": ("GetExtendedAgentCardRequest", "AgentCard"),
}
STREAMING = {"SendStreamingMessage", "SubscribeToTask"}


@functools.cache
def messages() -> Any:
    """The module that protoc makes of a2a.proto."""
    folder = tempfile.mkdtemp(prefix="a2a-proto-")
    here = Path(__file__).parent
    subprocess.run(["protoc", f"-I{here}", f"--python_out={folder}", str(here / "a2a.proto")], check=True, timeout=60)
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("a2a_pb2")
    finally:
        sys.path.remove(folder)


def parse_anything(data: bytes) -> bytes:
    return data


class GrpcCaller:
    """Calls one workspace; requests and answers are ProtoJSON here and bytes on the way."""

    def __init__(self, url: str, token: str, workspace: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        place = urlsplit(url).netloc
        options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        self.channel = (grpc.secure_channel(place, credentials, options) if credentials
                        else grpc.insecure_channel(place, options))
        self._token, self._workspace = token, workspace

    def metadata(self, more: dict[str, str] | None = None) -> list[tuple[str, str]]:
        head = {"a2a-version": "1.0"} | ({"authorization": f"Bearer {self._token}"} if self._token else {}) | (more or {})
        return [(name, value) for name, value in head.items() if value]

    def _call(self, method: str) -> Any:
        answer = ANSWERS[method][1]
        made = self.channel.unary_stream if method in STREAMING else self.channel.unary_unary
        read = getattr(messages(), answer).FromString if answer else parse_anything
        return made(SERVICE + method, request_serializer=lambda message: message.SerializeToString(), response_deserializer=read)

    def request(self, method: str, asked: dict[str, Any], tenant: str | None = None) -> Any:
        asked = {"tenant": self._workspace if tenant is None else tenant} | asked
        return json_format.ParseDict(asked, getattr(messages(), ANSWERS[method][0])())

    def ask(self, method: str, asked: dict[str, Any] | None = None, metadata: dict[str, str] | None = None,
            tenant: str | None = None, **options: Any) -> Any:
        answer = self._call(method)(self.request(method, asked or {}, tenant), metadata=self.metadata(metadata),
                                    **{"timeout": 30} | options)
        return {} if answer == b"" else json_format.MessageToDict(answer)

    def stream(self, method: str, asked: dict[str, Any], metadata: dict[str, str] | None = None, **options: Any) -> Any:
        """The call, to be read and canceled; `each` reads its messages as ProtoJSON."""
        return self._call(method)(self.request(method, asked), metadata=self.metadata(metadata), **{"timeout": 30} | options)

    def raw(self, method: str, data: bytes, metadata: list[tuple[str, str]] | None = None, **options: Any) -> bytes:
        """Bytes of any kind as the message."""
        call = self.channel.unary_unary(SERVICE + method, request_serializer=parse_anything, response_deserializer=parse_anything)
        return bytes(call(data, metadata=self.metadata() if metadata is None else metadata, **{"timeout": 30} | options))

    def close(self) -> None:
        self.channel.close()


def each(call: Any) -> Iterator[dict[str, Any]]:
    for message in call:
        yield json_format.MessageToDict(message)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data: bytes) -> list[tuple[int, Any]]:
    """The fields of any message: numbers, and bytes of what has a length."""
    found, at = [], 0
    while at < len(data):
        tag, at = read_varint(data, at)
        size, at = read_varint(data, at)
        if tag & 7 == 2:
            found.append((tag >> 3, data[at:at + size]))
            at += size
        else:
            found.append((tag >> 3, size))
    return found


def reason(error: grpc.RpcError) -> str:
    """What google.rpc.ErrorInfo in the details names as the reason."""
    details = dict(error.trailing_metadata() or []) | dict(error.initial_metadata() or [])
    status = details.get("grpc-status-details-bin", b"")
    for number, value in fields(status):
        if number == 3:
            packed = dict(fields(value))
            if packed[1].endswith(b"google.rpc.ErrorInfo"):
                return str(dict(fields(packed[2]))[1].decode())
    return ""
