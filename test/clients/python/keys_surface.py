"""Everything azure-keyvault-keys can do with a key, once, held against the `cryptography` package:
what one of them makes, the other undoes. Prints the value of SECRET_NAME last."""

import hashlib
import os

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.keys import (
    JsonWebKey,
    KeyClient,
    KeyRotationLifetimeAction,
    KeyRotationPolicy,
    KeyRotationPolicyAction,
)
from azure.keyvault.keys.crypto import (
    CryptographyClient,
    EncryptionAlgorithm,
    KeyWrapAlgorithm,
    SignatureAlgorithm,
)
from azure.keyvault.secrets import SecretClient
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

credential = ClientSecretCredential(
    tenant_id=os.environ["AZURE_TENANT_ID"],
    client_id=os.environ["AZURE_CLIENT_ID"],
    client_secret=os.environ["AZURE_CLIENT_SECRET"],
    disable_instance_discovery=True,
)
url = os.environ["VAULT_URL"]
client = KeyClient(vault_url=url, credential=credential)
HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
CURVES = {"P-256": ec.SECP256R1(), "P-256K": ec.SECP256K1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
DATA = b"what both of them have to agree on"


def digest(bits):
    return hashlib.new(f"sha{bits}", DATA).digest()


def number(data):
    return int.from_bytes(data, "big")


def octets(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def remote(key):
    """By the key's id alone, so that nothing is done locally."""
    return CryptographyClient(key.id, credential)


def expect_error(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


# RSA: signatures of all six algorithms, encryption both ways.
made = client.create_rsa_key("py-rsa", size=2048, tags={"a": "1"})
public = rsa.RSAPublicNumbers(number(made.key.e), number(made.key.n)).public_key()
there = remote(made)
for bits, algorithm in HASHES.items():
    signed = there.sign(SignatureAlgorithm(f"RS{bits}"), digest(bits)).signature
    public.verify(signed, DATA, padding.PKCS1v15(), algorithm)
    assert there.verify(SignatureAlgorithm(f"RS{bits}"), digest(bits), signed).is_valid
    pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
    signed = there.sign(SignatureAlgorithm(f"PS{bits}"), digest(bits)).signature
    public.verify(signed, DATA, pss, algorithm)
    wrong = bytes([signed[0] ^ 1]) + signed[1:]
    assert not there.verify(SignatureAlgorithm(f"PS{bits}"), digest(bits), wrong).is_valid
    expect_error(InvalidSignature, lambda: public.verify(wrong, DATA, pss, algorithm))
PADDINGS = {
    "RSA-OAEP": padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),
    "RSA-OAEP-256": padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
    "RSA1_5": padding.PKCS1v15(),
}
for name, scheme in PADDINGS.items():
    sealed = public.encrypt(DATA, scheme)
    assert there.decrypt(EncryptionAlgorithm(name), sealed).plaintext == DATA
    assert there.unwrap_key(KeyWrapAlgorithm(name), sealed).key == DATA
    wrapped = there.wrap_key(KeyWrapAlgorithm(name), DATA).encrypted_key
    assert there.unwrap_key(KeyWrapAlgorithm(name), wrapped).key == DATA

# EC: each curve, r and s joined; and keys from outside that sign as they did there.
for bits, (curve, kind) in zip((256, 256, 384, 512), CURVES.items()):
    name = "ES256K" if curve == "P-256K" else f"ES{bits}"
    half = (kind.key_size + 7) // 8
    ours = client.create_ec_key(f"py-{curve}", curve=curve)
    point = ec.EllipticCurvePublicNumbers(number(ours.key.x), number(ours.key.y), kind).public_key()
    signed = remote(ours).sign(SignatureAlgorithm(name), digest(bits)).signature
    assert len(signed) == 2 * half
    der = utils.encode_dss_signature(number(signed[:half]), number(signed[half:]))
    point.verify(der, DATA, ec.ECDSA(HASHES[bits]))
    theirs = ec.generate_private_key(kind)
    numbers = theirs.private_numbers()
    jwk = JsonWebKey(
        kty="EC",
        crv=curve,
        x=octets(numbers.public_numbers.x),
        y=octets(numbers.public_numbers.y),
        d=octets(numbers.private_value),
    )
    imported = client.import_key(f"py-imported-{curve}", jwk)
    r, s = utils.decode_dss_signature(theirs.sign(DATA, ec.ECDSA(HASHES[bits])))
    joined = r.to_bytes(half, "big") + s.to_bytes(half, "big")
    assert remote(imported).verify(SignatureAlgorithm(name), digest(bits), joined).is_valid
    signed = remote(imported).sign(SignatureAlgorithm(name), digest(bits)).signature
    der = utils.encode_dss_signature(number(signed[:half]), number(signed[half:]))
    theirs.public_key().verify(der, DATA, ec.ECDSA(HASHES[bits]))

private = rsa.generate_private_key(65537, 3072).private_numbers()
jwk = JsonWebKey(
    kty="RSA",
    n=octets(private.public_numbers.n),
    e=octets(private.public_numbers.e),
    d=octets(private.d),
    p=octets(private.p),
    q=octets(private.q),
    dp=octets(private.dmp1),
    dq=octets(private.dmq1),
    qi=octets(private.iqmp),
)
imported = client.import_key("py-imported-rsa", jwk)
signed = remote(imported).sign(SignatureAlgorithm.rs512, digest(512)).signature
private.public_numbers.public_key().verify(signed, DATA, padding.PKCS1v15(), hashes.SHA512())
broken = JsonWebKey(**{**jwk.__dict__, "p": octets(private.p + 2)})
error = expect_error(HttpResponseError, lambda: client.import_key("py-broken", broken))
assert error.status_code == 400, error

# The client does with a public key what the vault does with it.
local = CryptographyClient.from_jwk(made.key)
sealed = local.encrypt(EncryptionAlgorithm.rsa_oaep_256, DATA).ciphertext
assert there.decrypt(EncryptionAlgorithm.rsa_oaep_256, sealed).plaintext == DATA
signed = there.sign(SignatureAlgorithm.ps384, digest(384)).signature
assert local.verify(SignatureAlgorithm.ps384, digest(384), signed).is_valid

# Life: versions, update, rotation, backup, delete, recover, purge, restore.
second = client.create_rsa_key("py-rsa", size=2048)
versions = {item.version for item in client.list_properties_of_key_versions("py-rsa")}
assert versions == {made.properties.version, second.properties.version}
updated = client.update_key_properties("py-rsa", enabled=False, tags={"b": "2"})
assert updated.properties.enabled is False and updated.properties.tags == {"b": "2"}
error = expect_error(HttpResponseError, lambda: remote(second).sign(SignatureAlgorithm.rs256, digest(256)))
assert error.status_code == 403, error
client.update_key_properties("py-rsa", enabled=True)
action = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P90D")
policy = KeyRotationPolicy(expires_in="P1Y", lifetime_actions=[action])
assert client.update_key_rotation_policy("py-rsa", policy).expires_in == "P1Y"
rotated = client.rotate_key("py-rsa")
assert rotated.properties.version not in versions and rotated.properties.expires_on
backup = client.backup_key("py-rsa")
deleted = client.begin_delete_key("py-rsa").result()
assert deleted.scheduled_purge_date > deleted.deleted_date
expect_error(ResourceNotFoundError, lambda: client.get_key("py-rsa"))
client.begin_recover_deleted_key("py-rsa").wait()
client.begin_delete_key("py-rsa").wait()
client.purge_deleted_key("py-rsa")
assert client.restore_key_backup(backup).properties.version == rotated.properties.version
assert client.get_key_rotation_policy("py-rsa").expires_in == "P1Y"
assert "py-rsa" in {item.name for item in client.list_properties_of_keys()}

print(SecretClient(vault_url=url, credential=credential).get_secret(os.environ["SECRET_NAME"]).value)
