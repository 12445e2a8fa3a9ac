import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import com.azure.core.credential.TokenCredential;

/** A program without a secret: gets SECRET_NAME by the identity of its surroundings, prints its value. */
public final class SecretByIdentity {
    private static String get(TokenCredential credential) {
        var environment = System.getenv();
        return new SecretClientBuilder()
            .vaultUrl(environment.get("VAULT_URL"))
            .credential(credential)
            .buildClient()
            .getSecret(environment.get("SECRET_NAME"))
            .getValue();
    }

    public static void main(String[] arguments) {
        String value = get(new ManagedIdentityCredentialBuilder().build());
        if (!value.equals(get(new DefaultAzureCredentialBuilder().build()))) {
            throw new IllegalStateException("the two credentials got different values");
        }
        System.out.println(value);
    }
}
