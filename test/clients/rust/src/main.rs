//! Signs in the way its first argument says, does with a secret what azure_security_keyvault_secrets
//! can do, and prints the value of SECRET_NAME last. The ways: secret, certificate, assertion,
//! workload.
use azure_core::credentials::{Secret, SecretBytes, TokenCredential};
use azure_core::http::{ClientMethodOptions, ClientOptions, Transport};
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientCertificateCredential, ClientCertificateCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use azure_security_keyvault_secrets::models::SetSecretParameters;
use azure_security_keyvault_secrets::{ResourceExt, SecretClient, SecretClientOptions};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn host(address: &str) -> String {
    let rest = address.trim_start_matches("https://");
    rest.split(['/', ':']).next().unwrap_or_default().to_string()
}

/// The instance's names lead to this machine; certificates are checked against the name as always.
fn client_options() -> Outcome<ClientOptions> {
    let mut builder = reqwest::Client::builder();
    for name in ["AZURE_AUTHORITY_HOST", "VAULT_URL"] {
        // Port 0: the one that the address names.
        let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        builder = builder.resolve(&host(&setting(name)), here);
    }
    Ok(ClientOptions {
        transport: Some(Transport::new(Arc::new(builder.build()?))),
        ..Default::default()
    })
}

#[derive(Debug)]
struct FileAssertion(String);

#[async_trait::async_trait]
impl ClientAssertion for FileAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(std::fs::read_to_string(&self.0)?)
    }
}

fn credential(way: &str) -> Outcome<Arc<dyn TokenCredential>> {
    let (tenant, client) = (setting("AZURE_TENANT_ID"), setting("AZURE_CLIENT_ID"));
    let client_options = client_options()?;
    Ok(match way {
        "secret" => ClientSecretCredential::new(
            &tenant,
            client,
            Secret::from(setting("AZURE_CLIENT_SECRET")),
            Some(ClientSecretCredentialOptions { client_options }),
        )?,
        "certificate" => ClientCertificateCredential::new(
            tenant,
            client,
            SecretBytes::new(std::fs::read(setting("CERTIFICATE_FILE"))?),
            Some(ClientCertificateCredentialOptions { client_options, ..Default::default() }),
        )?,
        "assertion" => ClientAssertionCredential::new(
            tenant,
            client,
            FileAssertion(setting("AZURE_FEDERATED_TOKEN_FILE")),
            Some(ClientAssertionCredentialOptions { client_options }),
        )?,
        "workload" => WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions { client_options },
            ..Default::default()
        }))?,
        _ => panic!("no way to sign in: {way}"),
    })
}

async fn surface(client: &SecretClient) -> Outcome<()> {
    let mut versions = Vec::new();
    for value in ["first", "second"] {
        let parameters = SetSecretParameters { value: Some(value.into()), ..Default::default() };
        let set = client.set_secret("rust-secret", parameters.try_into()?, None).await?;
        versions.push(set.into_model()?.resource_id()?.version);
    }
    assert_ne!(versions[0], versions[1], "each set makes a version");
    let current = client.get_secret("rust-secret", None).await?.into_model()?;
    assert_eq!(current.value.as_deref(), Some("second"));
    let backup = client.backup_secret("rust-secret", None).await?.into_model()?;
    assert!(backup.value.is_some_and(|blob| !blob.is_empty()));
    client.delete_secret("rust-secret", None).await?;
    let gone = client.get_secret("rust-secret", None).await.err().and_then(|e| e.http_status());
    assert_eq!(gone, Some(azure_core::http::StatusCode::NotFound));
    client.recover_deleted_secret("rust-secret", None).await?;
    let recovered = client.get_secret("rust-secret", None).await?.into_model()?;
    assert_eq!(recovered.value.as_deref(), Some("second"));
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let way = std::env::args().nth(1).unwrap_or_default();
    let options = SecretClientOptions { client_options: client_options()?, ..Default::default() };
    let client = SecretClient::new(&setting("VAULT_URL"), credential(&way)?, Some(options))?;
    if way == "secret" {
        surface(&client).await?;
    }
    let secret = client.get_secret(&setting("SECRET_NAME"), None).await?.into_model()?;
    println!("{}", secret.value.unwrap_or_default());
    Ok(())
}
