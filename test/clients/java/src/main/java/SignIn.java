import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import com.azure.identity.AadCredentialBuilderBase;
import com.azure.identity.ClientAssertionCredentialBuilder;
import com.azure.identity.ClientCertificateCredentialBuilder;
import com.azure.identity.EnvironmentCredentialBuilder;
import com.azure.identity.UsernamePasswordCredentialBuilder;
import com.azure.identity.WorkloadIdentityCredentialBuilder;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Signs in the way its first argument says, and prints the value of SECRET_NAME. */
public final class SignIn {
    private static String setting(String name) {
        return System.getenv(name);
    }

    private static String readToken() {
        try {
            return Files.readString(Path.of(setting("AZURE_FEDERATED_TOKEN_FILE")));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static <B extends AadCredentialBuilderBase<B>> B common(B builder) {
        return builder.authorityHost(setting("AZURE_AUTHORITY_HOST"))
            .tenantId(setting("AZURE_TENANT_ID"))
            .clientId(setting("AZURE_CLIENT_ID"))
            .disableInstanceDiscovery();
    }

    private static TokenCredential credential(String way) {
        switch (way) {
            case "certificate":
            case "certificate-chain":
                return common(new ClientCertificateCredentialBuilder())
                    .pemCertificate(setting("CERTIFICATE_FILE"))
                    .sendCertificateChain(way.equals("certificate-chain"))
                    .build();
            case "assertion":
                return common(new ClientAssertionCredentialBuilder())
                    .clientAssertion(SignIn::readToken)
                    .build();
            case "workload":
                return common(new WorkloadIdentityCredentialBuilder())
                    .tokenFilePath(setting("AZURE_FEDERATED_TOKEN_FILE"))
                    .build();
            case "password":
                return common(new UsernamePasswordCredentialBuilder())
                    .username(setting("USER_NAME"))
                    .password(setting("USER_PASSWORD"))
                    .build();
            default:
                throw new IllegalArgumentException("no way to sign in: " + way);
        }
    }

    /**
     * Through the tenant adfs the token is had with nothing set against instance discovery; the
     * vault is then asked by hand, since an ADFS credential takes no challenge with a tenant.
     */
    private static String byEnvironment() throws IOException, InterruptedException {
        var context = new TokenRequestContext().addScopes(setting("VAULT_RESOURCE") + "/.default");
        var token = new EnvironmentCredentialBuilder().build().getTokenSync(context);
        var address = setting("VAULT_URL") + "/secrets/" + setting("SECRET_NAME");
        var request = HttpRequest.newBuilder(URI.create(address + "?api-version=7.4"))
            .header("Authorization", "Bearer " + token.getToken())
            .build();
        var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
        var value = Pattern.compile("\"value\":\"([^\"]*)\"").matcher(answer);
        return value.find() ? value.group(1) : answer;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments[0].equals("environment")) {
            System.out.println(byEnvironment());
            return;
        }
        var client = new SecretClientBuilder()
            .vaultUrl(setting("VAULT_URL"))
            .credential(credential(arguments[0]))
            .buildClient();
        System.out.println(client.getSecret(setting("SECRET_NAME")).getValue());
    }
}
