"""Has hypercorn obey, over HTTP/2 without TLS (see doc.go). An application hears nothing of what close frames say."""

import asyncio
import hashlib
import os
import socket
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config

SUBPROTOCOLS = os.environ["INTEROP_SUBPROTOCOLS"].split(",")


async def obey(scope, receive, send):
    if scope["type"] != "websocket":
        return
    assert scope["http_version"] == "2", scope["http_version"]
    try:
        await talk(scope, receive, send)
    finally:  # also where the connection is closed meanwhile
        print("ended", flush=True)


async def talk(scope, receive, send):
    await receive()
    protocol = next((name for name in SUBPROTOCOLS[1:] if name in scope["subprotocols"]), None)
    await send({"type": "websocket.accept", "subprotocol": protocol})
    digest = False
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            break
        text, data = message["text"], message["bytes"]
        if text is None or not text.startswith("!"):
            if digest:
                await send({"type": "websocket.send", "text": hashlib.sha256(data).hexdigest()})
            await send({"type": "websocket.send", "text": text, "bytes": data})
            digest = False
        else:
            name, _, argument = text[1:].partition(" ")
            if name == "subprotocol":
                await send({"type": "websocket.send", "text": protocol})
            elif name == "digest":
                digest = True
            elif name == "close":
                code, _, reason = argument.partition(" ")
                await send({"type": "websocket.close", "code": int(code), "reason": reason})
                break


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening {listener.getsockname()[1]}", flush=True)
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.websocket_max_message_size = 1 << 30
    await serve(obey, config, shutdown_trigger=lambda: asyncio.to_thread(sys.stdin.read))


asyncio.run(main())
