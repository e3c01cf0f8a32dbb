"""An agent that works beside the workspace that is judged, and answers with files: what a suite's own server would make up."""

from __future__ import annotations

import struct
import wave
import zlib
from pathlib import Path

from molecule_agent import InboundMessage, RemoteAgentClient


def picture(path: Path) -> Path:
    """A red pixel."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b""))
    return path


def sound(path: Path) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(b"\x80" * 80)
    return path


def words(path: Path) -> Path:
    path.write_text("counted: 3")
    return path


class Draughtsman:
    """Its tasks are the names of files that it makes."""

    def __init__(self, folder: Path) -> None:
        self._made = {"a.png": picture(folder / "a.png"), "a.wav": sound(folder / "a.wav"), "a.txt": words(folder / "a.txt")}

    def __call__(self, message: InboundMessage, client: RemoteAgentClient) -> None:
        wanted = [path for name, path in self._made.items() if name in message.text.split()]
        client.reply(message, "here it is", files=[file for path in wanted for file in client.upload(path)])
