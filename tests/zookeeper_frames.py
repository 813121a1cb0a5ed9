"""A client of ZooKeeper's protocol that packs its bytes itself: an oracle, which shares no line with distsys.wire."""

import contextlib
import socket
import struct

PATIENCE_S = 120
CREATE, DELETE, EXISTS, GET_DATA, SET_DATA, GET_ACL, SET_ACL, GET_CHILDREN, SYNC = range(1, 10)
PING, GET_CHILDREN2, CHECK, MULTI, CREATE2, RECONFIG, CHECK_WATCHES, REMOVE_WATCHES = range(11, 19)
CREATE_CONTAINER, DELETE_CONTAINER, CREATE_TTL, MULTI_READ = range(19, 23)
AUTH, SET_WATCHES, SASL, GET_EPHEMERALS, GET_ALL_CHILDREN_NUMBER, SET_WATCHES2 = range(100, 106)
ADD_WATCH, WHO_AM_I = 106, 107
CREATE_SESSION, CLOSE_SESSION = -10, -11


def i(number):
    return struct.pack(">i", number)


def q(number):
    return struct.pack(">q", number)


def b(data):
    return i(-1) if data is None else i(len(data)) + data


def s(text):
    return b(None if text is None else text.encode())


def v(*elements):
    return i(len(elements)) + b"".join(elements)


OPEN = v(i(31) + s("world") + s("anyone"))
PATHS = v(s("/a"))


def frame(data):
    return i(len(data)) + data


def connect_frame(session=0, passwd=bytes(16), zxid=0, read_only=b"\0", timeout_ms=30_000):
    return frame(i(0) + q(zxid) + i(timeout_ms) + q(session) + b(passwd) + read_only)


def request(xid, type, body=b""):
    return frame(i(xid) + i(type) + body)


def part(type, body):
    """Return a part of a multi."""
    return i(type) + b"\0" + i(-1) + body


LAST = i(-1) + b"\1" + i(-1)


def multi(*parts):
    return b"".join(parts) + LAST


class Wire:
    """One connection. Frames are bytes with their length before them; b"" is the end."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.line = socket.create_connection((host, int(port)), PATIENCE_S)
        self.session, self.passwd = 0, bytes(16)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    def send(self, data):
        with contextlib.suppress(ConnectionError):
            self.line.sendall(data)

    def take(self, count):
        """Return so many bytes, or fewer at the end."""
        came = b""
        with contextlib.suppress(ConnectionError):
            while len(came) < count and (more := self.line.recv(count - len(came))):
                came += more
        return came

    def read(self):
        """Return the next frame; b"" at the end."""
        head = self.take(4)
        if len(head) < 4:
            return b""
        body = self.take(struct.unpack(">i", head)[0])
        return head + body

    def rest(self):
        """Return all bytes until the end."""
        came = b""
        while more := self.take(65536):
            came += more
        return came

    def connect(self, **said):
        """Connect, and return the answer."""
        self.send(connect_frame(**said))
        answer = self.read()
        if answer:
            self.session = struct.unpack_from(">q", answer, 12)[0]
            self.passwd = answer[24:40]
        return answer

    def ask(self, xid, type, body=b""):
        """Ask, and return the notifications that came before the reply, and the reply."""
        self.send(request(xid, type, body))
        return self.until_reply()

    def until_reply(self):
        before = []
        while (came := self.read()) and came[4:8] == i(-1):
            before.append(came)
        return before, came


def error_of(reply):
    """Return the error in a reply."""
    return struct.unpack_from(">i", reply, 16)[0]


def four_letters(address, word):
    """Return the answer to a four-letter word."""
    with Wire(address) as wire:
        wire.send(word.encode())
        return wire.rest().decode()
