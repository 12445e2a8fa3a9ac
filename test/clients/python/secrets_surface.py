"""Everything azure-keyvault-secrets can do with a secret, once; prints the value of SECRET_NAME last."""

import datetime
import os

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

credential = ClientSecretCredential(
    tenant_id=os.environ["AZURE_TENANT_ID"],
    client_id=os.environ["AZURE_CLIENT_ID"],
    client_secret=os.environ["AZURE_CLIENT_SECRET"],
    disable_instance_discovery=True,
)
client = SecretClient(vault_url=os.environ["VAULT_URL"], credential=credential)
FUTURE = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)


def expect_error(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


first = client.set_secret(
    "py-secret", "first", content_type="text/plain", tags={"a": "1"}, expires_on=FUTURE
)
second = client.set_secret("py-secret", "sécond")
assert first.properties.version != second.properties.version
assert client.get_secret("py-secret").value == "sécond"
old = client.get_secret("py-secret", first.properties.version)
assert old.value == "first"
assert old.properties.tags == {"a": "1"}
assert old.properties.content_type == "text/plain"
assert old.properties.expires_on == FUTURE

updated = client.update_secret_properties(
    "py-secret", second.properties.version, enabled=False, tags={"b": "2"}
)
assert updated.enabled is False and updated.tags == {"b": "2"}
error = expect_error(HttpResponseError, lambda: client.get_secret("py-secret"))
assert error.status_code == 403, error
client.update_secret_properties("py-secret", second.properties.version, enabled=True)

for index in range(30):
    client.set_secret(f"py-many-{index}", "value")
pages = list(client.list_properties_of_secrets(max_page_size=10).by_page())
names = {item.name for page in pages for item in page}
assert {f"py-many-{index}" for index in range(30)} <= names
versions = {item.version for item in client.list_properties_of_secret_versions("py-secret")}
assert versions == {first.properties.version, second.properties.version}

backup = client.backup_secret("py-secret")
deleted = client.begin_delete_secret("py-secret").result()
assert deleted.scheduled_purge_date > deleted.deleted_date
expect_error(ResourceNotFoundError, lambda: client.get_secret("py-secret"))
assert "py-secret" in [item.name for item in client.list_deleted_secrets()]
assert client.get_deleted_secret("py-secret").name == "py-secret"
client.begin_recover_deleted_secret("py-secret").wait()
assert client.get_secret("py-secret").value == "sécond"
client.begin_delete_secret("py-secret").wait()
client.purge_deleted_secret("py-secret")
restored = client.restore_secret_backup(backup)
assert restored.name == "py-secret"
assert client.get_secret("py-secret").value == "sécond"

print(client.get_secret(os.environ["SECRET_NAME"]).value)
