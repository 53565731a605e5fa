"""The host's end of the serial port: the project's own client, `demo-host device`, at a socket."""

import socket
import subprocess
import time


def talk(board, demo_host, arguments, limit):
    """Lets `demo-host device` talk to the board; what it prints. An error if it fails, or takes longer than so many seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        command = [demo_host, "device", "--port", port, *arguments]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            _carry(board, server, client, time.monotonic() + limit)
        finally:
            client.kill()
            printed = client.communicate()[0]
    if client.returncode != 0:
        raise RuntimeError(f"demo-host failed with {client.returncode}:\n{printed}")
    return printed


def send(board, data, limit):
    """Sends bytes, and takes what is answered meanwhile, until there is an answer and all has left; `None` if there is none."""
    board.sent.clear()
    board.received.extend(data)
    end = time.monotonic() + limit
    while board.received or not board.sent:
        if time.monotonic() > end:
            return None
        board.step()
    return bytes(board.sent)


def _carry(board, server, client, end):
    """Carries bytes both ways until the client has ended."""
    connection = None
    board.sent.clear()
    while client.poll() is None and time.monotonic() < end:
        if connection is None:
            try:
                connection = server.accept()[0]
                connection.setblocking(False)
            except BlockingIOError:
                pass
        else:
            try:
                board.received.extend(connection.recv(4096))
            except (BlockingIOError, ConnectionResetError):
                # It has nothing to say, or is about to end.
                pass
            sent, board.sent[:] = bytes(board.sent), b""
            try:
                connection.sendall(sent)
            except (BrokenPipeError, ConnectionResetError):
                pass
        board.step()
    if connection is not None:
        connection.close()
