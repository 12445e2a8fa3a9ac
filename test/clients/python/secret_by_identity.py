"""A program without a secret: gets SECRET_NAME by the identity of its surroundings, prints its value."""

import os

from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

values = set()
for credential in (ManagedIdentityCredential(), DefaultAzureCredential()):
    client = SecretClient(vault_url=os.environ["VAULT_URL"], credential=credential)
    values.add(client.get_secret(os.environ["SECRET_NAME"]).value)
(value,) = values
print(value)
