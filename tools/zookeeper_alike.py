"""What no two runs have in common is given names, so that what is equal in two runs is written in the same way."""

import re

PORTS = re.compile(r":\d+")
# What stands before a number of this run in the answer to a word of four letters.
UNLIKE = [re.compile(pattern) for pattern in (
    r"((?:version|Zxid|Latency [a-z/]+|Received|Sent): ).+",
    r"(zookeeper.version=|zk_version\t).+",
    r"(127\.0\.0\.1:)\d+",
    r"(\b(?:recved|sent|est|lcxid|lzxid|lresp|llat|minlat|avglat|maxlat)=)\w+",
    r"(^(?:zk_avg_latency|zk_packets_received|zk_approximate_data_size|zk_open_file_descriptor_count)\t).+",
    r"(^(?:clientPort=|datadir_size: |logdir_size: )).+",
)]  # fmt: skip


class Ordered:
    """Gives numbers names in the order in which they appear, which also say where they lie among each other."""

    def __init__(self, letter: str) -> None:
        self.letter = letter
        self.names: dict[int, str] = {-1: "-1", 0: "0"}

    def name(self, number: int) -> str:
        """Return the name of a number."""
        if number not in self.names:
            below = max((known for known in self.names if known < number), default=-1)
            if number > max(self.names):
                name = f"{self.letter}{sum('+' not in known for known in self.names.values()) - 1}"
            else:
                name = f"{self.letter}0" if below <= 0 else self.names[below]
            while name in self.names.values() or name == f"{self.letter}0":
                name += "+"
            self.names[number] = name
        return self.names[number]

    def newest(self) -> int:
        """Return the largest number that appeared."""
        return max(self.names)


def words(row: str, sessions: dict[int, str]) -> str:
    """Return a line of an answer with words in place of ids, addresses and numbers of this machine."""
    for session, name in sessions.items():
        row = row.replace(f"0x{session & (1 << 64) - 1:x}", f"SESSION-{name}")
    for pattern in UNLIKE:
        row = pattern.sub(r"\1N", row)
    return row.replace("127.0.0.1:N", "ADDRESS")


def kept(text: str, only: list[str] | None) -> list[str]:
    """Return the lines of an answer, or those that begin so."""
    rows = [row.rstrip() for row in text.splitlines()]
    return rows if only is None else [row for row in rows if row.startswith(tuple(only))]
