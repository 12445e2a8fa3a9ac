import com.azure.core.exception.HttpResponseException;
import com.azure.core.exception.ResourceNotFoundException;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.azure.security.keyvault.keys.KeyClient;
import com.azure.security.keyvault.keys.KeyClientBuilder;
import com.azure.security.keyvault.keys.cryptography.CryptographyClient;
import com.azure.security.keyvault.keys.cryptography.CryptographyClientBuilder;
import com.azure.security.keyvault.keys.cryptography.models.EncryptionAlgorithm;
import com.azure.security.keyvault.keys.cryptography.models.KeyWrapAlgorithm;
import com.azure.security.keyvault.keys.cryptography.models.SignatureAlgorithm;
import com.azure.security.keyvault.keys.models.CreateEcKeyOptions;
import com.azure.security.keyvault.keys.models.CreateRsaKeyOptions;
import com.azure.security.keyvault.keys.models.KeyCurveName;
import com.azure.security.keyvault.keys.models.KeyRotationPolicy;
import com.azure.security.keyvault.keys.models.KeyVaultKey;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import javax.crypto.Cipher;

/**
 * Everything the Java client can do with a key, once, held against the JDK's own cryptography;
 * prints the value of SECRET_NAME last.
 */
public final class KeysSurface {
    private static final String NAME = "java-rsa";
    private static final byte[] DATA = "made there, undone here".getBytes(StandardCharsets.UTF_8);

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

    private static boolean verifies(String algorithm, PublicKey key, byte[] signature) throws Exception {
        Signature verifier = Signature.getInstance(algorithm);
        verifier.initVerify(key);
        verifier.update(DATA);
        return verifier.verify(signature);
    }

    public static void main(String[] arguments) throws Exception {
        var environment = System.getenv();
        var credential = new ClientSecretCredentialBuilder()
            .authorityHost(environment.get("AZURE_AUTHORITY_HOST"))
            .tenantId(environment.get("AZURE_TENANT_ID"))
            .clientId(environment.get("AZURE_CLIENT_ID"))
            .clientSecret(environment.get("AZURE_CLIENT_SECRET"))
            .disableInstanceDiscovery()
            .build();
        String vault = environment.get("VAULT_URL");
        KeyClient client = new KeyClientBuilder().vaultUrl(vault).credential(credential).buildClient();

        var options = new CreateRsaKeyOptions(NAME).setKeySize(2048).setTags(Map.of("a", "1"));
        KeyVaultKey made = client.createRsaKey(options);
        PublicKey there = made.getKey().toRsa().getPublic();
        CryptographyClient crypto = new CryptographyClientBuilder()
            .keyIdentifier(made.getId()).credential(credential).buildClient();
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(DATA);
        byte[] signed = crypto.sign(SignatureAlgorithm.RS256, digest).getSignature();
        ensure(verifies("SHA256withRSA", there, signed), "RS256 verifies");
        ensure(crypto.verify(SignatureAlgorithm.RS256, digest, signed).isValid(), "there as well");
        signed[3] ^= 1;
        ensure(!crypto.verify(SignatureAlgorithm.RS256, digest, signed).isValid(), "a changed one does not");

        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPWithSHA-1AndMGF1Padding");
        cipher.init(Cipher.ENCRYPT_MODE, there);
        byte[] opened = crypto.decrypt(EncryptionAlgorithm.RSA_OAEP, cipher.doFinal(DATA)).getPlainText();
        ensure(Arrays.equals(opened, DATA), "RSA-OAEP decrypts");
        byte[] wrapped = crypto.wrapKey(KeyWrapAlgorithm.RSA_OAEP_256, DATA).getEncryptedKey();
        ensure(Arrays.equals(crypto.unwrapKey(KeyWrapAlgorithm.RSA_OAEP_256, wrapped).getKey(), DATA),
            "a wrapped key comes back");

        var curve = new CreateEcKeyOptions("java-ec").setCurveName(KeyCurveName.P_256);
        KeyVaultKey ec = client.createEcKey(curve);
        CryptographyClient onCurve = new CryptographyClientBuilder()
            .keyIdentifier(ec.getId()).credential(credential).buildClient();
        byte[] joined = onCurve.sign(SignatureAlgorithm.ES256, digest).getSignature();
        ensure(verifies("SHA256withECDSAinP1363Format", ec.getKey().toEc().getPublic(), joined),
            "ES256 verifies");

        client.updateKeyProperties(made.getProperties().setEnabled(false));
        ensure(refusal(HttpResponseException.class, () -> crypto.sign(SignatureAlgorithm.RS256, digest))
            .getResponse().getStatusCode() == 403, "a disabled key does not sign");
        client.updateKeyRotationPolicy(NAME, new KeyRotationPolicy().setExpiresIn("P90D"));
        KeyVaultKey rotated = client.rotateKey(NAME);
        ensure(rotated.getProperties().getExpiresOn() != null, "it expires by the policy");
        ensure(client.listPropertiesOfKeyVersions(NAME).stream().count() == 2, "two versions");
        byte[] backup = client.backupKey(NAME);
        client.beginDeleteKey(NAME).waitForCompletion(Duration.ofSeconds(30));
        refusal(ResourceNotFoundException.class, () -> client.getKey(NAME));
        client.beginRecoverDeletedKey(NAME).waitForCompletion(Duration.ofSeconds(30));
        client.beginDeleteKey(NAME).waitForCompletion(Duration.ofSeconds(30));
        client.purgeDeletedKey(NAME);
        ensure(client.restoreKeyBackup(backup).getId().equals(rotated.getId()), "restored as it was");

        var secrets = new SecretClientBuilder().vaultUrl(vault).credential(credential).buildClient();
        System.out.println(secrets.getSecret(environment.get("SECRET_NAME")).getValue());
    }
}
