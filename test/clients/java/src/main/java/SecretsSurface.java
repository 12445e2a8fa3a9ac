import com.azure.core.exception.HttpResponseException;
import com.azure.core.exception.ResourceNotFoundException;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.azure.security.keyvault.secrets.SecretClient;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import com.azure.security.keyvault.secrets.models.KeyVaultSecret;
import com.azure.security.keyvault.secrets.models.SecretProperties;
import java.time.Duration;
import java.util.Map;

/** Everything the Java client can do with a secret, once; prints the value of SECRET_NAME last. */
public final class SecretsSurface {
    private static final String NAME = "java-secret";

    private static void ensure(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException("not so: " + what);
        }
    }

    private static <E extends HttpResponseException> E refusal(Class<E> kind, Runnable call) {
        try {
            call.run();
        } catch (HttpResponseException error) {
            return kind.cast(error);
        }
        throw new IllegalStateException(kind.getSimpleName() + " was expected");
    }

    public static void main(String[] arguments) {
        var environment = System.getenv();
        var credential = new ClientSecretCredentialBuilder()
            .authorityHost(environment.get("AZURE_AUTHORITY_HOST"))
            .tenantId(environment.get("AZURE_TENANT_ID"))
            .clientId(environment.get("AZURE_CLIENT_ID"))
            .clientSecret(environment.get("AZURE_CLIENT_SECRET"))
            .disableInstanceDiscovery()
            .build();
        SecretClient client = new SecretClientBuilder()
            .vaultUrl(environment.get("VAULT_URL"))
            .credential(credential)
            .buildClient();

        KeyVaultSecret first = client.setSecret(NAME, "first");
        var properties = new SecretProperties().setContentType("text/plain").setTags(Map.of("a", "1"));
        KeyVaultSecret second = client.setSecret(
            new KeyVaultSecret(NAME, "second").setProperties(properties));
        String version = second.getProperties().getVersion();
        ensure(!first.getProperties().getVersion().equals(version), "each set makes a version");
        ensure(client.getSecret(NAME).getValue().equals("second"), "the current value");
        ensure(client.getSecret(NAME, first.getProperties().getVersion()).getValue().equals("first"),
            "the old value");
        ensure(client.getSecret(NAME).getProperties().getTags().equals(Map.of("a", "1")), "tags");

        client.updateSecretProperties(second.getProperties().setEnabled(false));
        var disabled = refusal(HttpResponseException.class, () -> client.getSecret(NAME));
        ensure(disabled.getResponse().getStatusCode() == 403, "a disabled secret is refused");
        client.updateSecretProperties(second.getProperties().setEnabled(true));

        ensure(client.listPropertiesOfSecretVersions(NAME).stream().count() == 2, "two versions");
        ensure(client.listPropertiesOfSecrets().stream().anyMatch(one -> one.getName().equals(NAME)),
            "the secret is listed");

        byte[] backup = client.backupSecret(NAME);
        var deleting = client.beginDeleteSecret(NAME).setPollInterval(Duration.ofMillis(100));
        deleting.waitForCompletion(Duration.ofSeconds(10));
        refusal(ResourceNotFoundException.class, () -> client.getSecret(NAME));
        ensure(client.getDeletedSecret(NAME).getName().equals(NAME), "the deleted secret is there");
        client.beginRecoverDeletedSecret(NAME).setPollInterval(Duration.ofMillis(100))
            .waitForCompletion(Duration.ofSeconds(10));
        ensure(client.getSecret(NAME).getValue().equals("second"), "the recovered value");
        client.beginDeleteSecret(NAME).setPollInterval(Duration.ofMillis(100))
            .waitForCompletion(Duration.ofSeconds(10));
        client.purgeDeletedSecret(NAME);
        client.restoreSecretBackup(backup);
        ensure(client.getSecret(NAME).getValue().equals("second"), "the restored value");

        System.out.println(client.getSecret(environment.get("SECRET_NAME")).getValue());
    }
}
