"""Signs in the way the first argument says, and prints the value of SECRET_NAME."""

import os
import sys

from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    DefaultAzureCredential,
    EnvironmentCredential,
    UsernamePasswordCredential,
    WorkloadIdentityCredential,
)
from azure.keyvault.secrets import SecretClient

_WAY = sys.argv[1]
_TENANT = os.environ["AZURE_TENANT_ID"]
_CLIENT = os.environ["AZURE_CLIENT_ID"]


def _token() -> str:
    with open(os.environ["AZURE_FEDERATED_TOKEN_FILE"], encoding="utf-8") as file:
        return file.read()


def _credential():
    if _WAY in ("certificate", "certificate-chain"):
        return CertificateCredential(
            _TENANT,
            _CLIENT,
            os.environ["CERTIFICATE_FILE"],
            send_certificate_chain=_WAY == "certificate-chain",
            disable_instance_discovery=True,
        )
    if _WAY == "assertion":
        return ClientAssertionCredential(_TENANT, _CLIENT, _token)
    if _WAY == "workload":
        return WorkloadIdentityCredential()
    if _WAY == "password":
        return UsernamePasswordCredential(
            _CLIENT,
            os.environ["USER_NAME"],
            os.environ["USER_PASSWORD"],
            tenant_id=_TENANT,
            disable_instance_discovery=True,
        )
    if _WAY == "environment":
        return EnvironmentCredential()
    return DefaultAzureCredential()


client = SecretClient(vault_url=os.environ["VAULT_URL"], credential=_credential())
print(client.get_secret(os.environ["SECRET_NAME"]).value)
