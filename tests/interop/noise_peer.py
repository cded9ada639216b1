"""The other end of the interop test: handshake and ciphers by python3-dissononce.

    noise_peer.py dial|accept CIPHER REKEY_RECORDS [PORT]

Every handshake message has two bytes of length in front, as every record has. What arrives in
records goes back in records of other sizes. `accept` prints the port on which it listens.
"""

import socket
import struct
import sys

from dissononce.cipher.aesgcm import AESGCMCipher
from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.XX import XXHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from dissononce.processing.modifiers.psk import PSKPatternModifier

CIPHERS = {"AESGCM": AESGCMCipher, "ChaChaPoly": ChaChaPolyCipher}
ECHO_BYTES = (1, 1_000, 65_519)
TIMEOUT_S = 20


def read(stream):
    header = stream.read(2)
    if len(header) < 2:
        return None
    return stream.read(struct.unpack(">H", header)[0])


def write(stream, message):
    stream.write(struct.pack(">H", len(message)) + bytes(message))
    stream.flush()


class Records:
    """A direction. The key changes by the count, and the nonce counts on (section 11.3)."""

    def __init__(self, state, rekey_records):
        self.state = state
        self.rekey_records = rekey_records
        self.count = 0

    def through(self, run):
        result = run(self.state)
        self.count += 1
        if self.count % self.rekey_records == 0:
            # This library's own `rekey` starts the nonce again and keeps the tag in the key.
            self.state._key = self.state.cipher.rekey(self.state._key)[:32]
        return result


def main(role, cipher_name, rekey_records, port="0"):
    is_dialer = role == "dial"
    if is_dialer:
        connection = socket.create_connection(("127.0.0.1", int(port)), TIMEOUT_S)
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(TIMEOUT_S)
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        connection.settimeout(TIMEOUT_S)
    stream = connection.makefile("rwb")

    dh = X25519DH()
    cipher = CIPHERS[cipher_name]()
    handshake = HandshakeState(SymmetricState(CipherState(cipher), SHA256Hash()), dh)
    pattern = PSKPatternModifier(0).modify(XXHandshakePattern())
    handshake.initialize(
        pattern, is_dialer, b"prologue", s=dh.generate_keypair(), psks=[bytes([7]) * 32]
    )
    ciphers = None
    for index, payload in enumerate((b"to", b"acceptor", b"dialer")):
        buffer = bytearray()
        if (index % 2 == 0) == is_dialer:
            ciphers = handshake.write_message(payload, buffer)
            write(stream, buffer)
        else:
            ciphers = handshake.read_message(read(stream), buffer)
            assert bytes(buffer) == payload, (payload, bytes(buffer))
    send, receive = ciphers if is_dialer else reversed(ciphers)

    outgoing = Records(send, int(rekey_records))
    incoming = Records(receive, int(rekey_records))
    turn = 0
    while (record := read(stream)) is not None:
        data = incoming.through(lambda state: state.decrypt_with_ad(b"", record))
        while data:
            size = ECHO_BYTES[turn % len(ECHO_BYTES)]
            turn += 1
            piece, data = data[:size], data[size:]
            write(stream, outgoing.through(lambda state: state.encrypt_with_ad(b"", piece)))


main(*sys.argv[1:])
