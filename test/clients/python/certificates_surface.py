"""What azure-keyvault-certificates does with a certificate, read by `cryptography`; prints the value
of SECRET_NAME last."""

import base64
import os

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.certificates import (
    CertificateClient,
    CertificateContact,
    CertificatePolicy,
    WellKnownIssuerNames,
)
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

credential = ClientSecretCredential(
    tenant_id=os.environ["AZURE_TENANT_ID"],
    client_id=os.environ["AZURE_CLIENT_ID"],
    client_secret=os.environ["AZURE_CLIENT_SECRET"],
    disable_instance_discovery=True,
)
client = CertificateClient(vault_url=os.environ["VAULT_URL"], credential=credential)
secrets = SecretClient(vault_url=os.environ["VAULT_URL"], credential=credential)

policy = CertificatePolicy(
    WellKnownIssuerNames.self, subject="C=CH, CN=py", san_dns_names=["py.example"]
)
created = client.begin_create_certificate("py-cert", policy, _polling_interval=1).result()
parsed = x509.load_der_x509_certificate(bytes(created.cer))
assert parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == "py"
names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
assert names.get_values_for_type(x509.DNSName) == ["py.example"]

pfx = base64.b64decode(secrets.get_secret("py-cert").value)
key, certificate, others = pkcs12.load_key_and_certificates(pfx, None)
assert certificate == parsed and others == []
assert key.public_key().public_numbers() == parsed.public_key().public_numbers()

imported = client.import_certificate("py-imported", pfx)
assert bytes(imported.cer) == bytes(created.cer)
version = created.properties.version
updated = client.update_certificate_properties("py-cert", version, tags={"a": "1"})
assert updated.properties.tags == {"a": "1"}
assert client.get_certificate_policy("py-cert").validity_in_months == 12
client.begin_create_certificate("py-cert", policy, _polling_interval=1).result()
assert len(list(client.list_properties_of_certificate_versions("py-cert"))) == 2
listed = [item.name for item in client.list_properties_of_certificates()]
assert {"py-cert", "py-imported"} <= set(listed)

client.set_contacts([CertificateContact(email="a@example.com", name="A")])
assert [contact.email for contact in client.get_contacts()] == ["a@example.com"]
client.delete_contacts()
client.create_issuer("py-issuer", "Test", account_id="me", password="sesame")
assert client.get_issuer("py-issuer").account_id == "me"
client.delete_issuer("py-issuer")

try:
    client.import_certificate("py-broken", b"not a certificate")
    raise AssertionError("it was taken")
except HttpResponseError as error:
    assert error.status_code == 400, error

backup = client.backup_certificate("py-imported")
client.begin_delete_certificate("py-imported").wait()
client.begin_recover_deleted_certificate("py-imported").wait()
client.begin_delete_certificate("py-imported").wait()
client.purge_deleted_certificate("py-imported")
assert client.restore_certificate_backup(backup).name == "py-imported"
try:
    client.get_certificate("py-absent")
    raise AssertionError("it was found")
except ResourceNotFoundError:
    pass

print(secrets.get_secret(os.environ["SECRET_NAME"]).value)
