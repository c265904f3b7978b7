"""PyPI's wechatpy, sealing callbacks for us or opening ours. Lines as crates/wecom/examples/callback_lines.rs writes them.

    python crypto.py seal|open TOKEN KEY RECEIVER MOST
"""

import json
import sys

from wechatpy.enterprise.crypto import WeChatCrypto
from wechatpy.utils import to_text
import xmltodict

verb, token, key, receiver, most = sys.argv[1:]
crypto = WeChatCrypto(token, key, receiver)
most = int(most)


def message(length):
    """The message of a length: three-byte characters as far as they go, then single bytes."""
    words = ("点名" * (length // 6 + 1))[: length // 3]
    return words + "".join(chr(97 + n % 26) for n in range(length % 3))


if verb == "seal":
    for length in range(most + 1):
        timestamp, nonce = str(1700000000 + length), f"nonce{length}"
        envelope = crypto.encrypt_message(message(length), nonce, timestamp)
        signature = xmltodict.parse(to_text(envelope))["xml"]["MsgSignature"]
        line = dict(length=length, timestamp=timestamp, nonce=nonce, signature=signature, envelope=envelope)
        print(json.dumps(line))
else:
    lengths = set()
    for line in sys.stdin:
        line = json.loads(line)
        opened = crypto.decrypt_message(line["envelope"], line["signature"], line["timestamp"], line["nonce"])
        if to_text(opened) != message(line["length"]):
            sys.exit(f"length {line['length']}: another message")
        lengths.add(line["length"])
    if len(lengths) != most + 1:
        sys.exit(f"{len(lengths)} lengths of {most + 1}")
    print(len(lengths))
