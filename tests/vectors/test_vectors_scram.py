"""Known answers for SCRAM-SHA-256: the exchange of RFC 7677 section 3, user `user`, `pencil`."""

from base64 import b64decode

from sealhold.crypto.scram import Verifier, client_keys, proof, proves, signature
from sealhold.crypto.secret import Secret
from sealhold.protect.sql.scram import ServerLogin, parse_verifier, spelled

SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
SAID = (
    b"n=user,r=rOprNGfwEbeRWgbNEkqO,"
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
)
PROOF = b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
SIGNATURE = b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_proof_and_signature_are_those_of_the_rfc() -> None:
    keys = client_keys(Secret(b"pencil", "password"), SALT, 4096)

    assert proof(keys, SAID) == PROOF
    assert signature(keys.server, SAID) == SIGNATURE
    assert proves(Verifier(SALT, 4096, keys.stored, keys.server), SAID, PROOF)


def test_a_verifier_is_spelled_as_postgresql_stores_it() -> None:
    keys = client_keys(Secret(b"pencil", "password"), SALT, 4096)
    verifier = Verifier(SALT, 4096, keys.stored, keys.server)
    text = (  # computed by PostgreSQL 15 for this salt
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
        ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )

    assert spelled(verifier) == text
    assert parse_verifier(text) == verifier
    assert ServerLogin(verifier, bytes, b"").mechanisms() == ("SCRAM-SHA-256",)
