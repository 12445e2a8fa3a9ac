import com.azure.core.exception.HttpResponseException;
import com.azure.core.exception.ResourceNotFoundException;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.azure.security.keyvault.certificates.CertificateClient;
import com.azure.security.keyvault.certificates.CertificateClientBuilder;
import com.azure.security.keyvault.certificates.models.CertificateContact;
import com.azure.security.keyvault.certificates.models.CertificateIssuer;
import com.azure.security.keyvault.certificates.models.CertificatePolicy;
import com.azure.security.keyvault.certificates.models.ImportCertificateOptions;
import com.azure.security.keyvault.certificates.models.KeyVaultCertificateWithPolicy;
import com.azure.security.keyvault.certificates.models.MergeCertificateOptions;
import com.azure.security.keyvault.certificates.models.SubjectAlternativeNames;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import java.io.ByteArrayInputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Everything the Java client can do with a certificate, once, read by the JDK's own parsers; prints
 * the value of SECRET_NAME last.
 */
public final class CertificatesSurface {
    private static final String NAME = "java-cert";
    private static final String IMPORTED = "java-imported";
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final char[] NO_PASSWORD = new char[0];

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

    private static KeyVaultCertificateWithPolicy create(CertificateClient client, CertificatePolicy policy) {
        var poller = client.beginCreateCertificate(NAME, policy).setPollInterval(POLL);
        var status = poller.waitForCompletion(LIMIT).getStatus();
        ensure(status.toString().equals("SUCCESSFULLY_COMPLETED"), "the certificate is signed: " + status);
        return poller.getFinalResult();
    }

    private static void delete(CertificateClient client, String name) {
        client.beginDeleteCertificate(name).setPollInterval(POLL).waitForCompletion(LIMIT);
    }

    private static X509Certificate parsed(byte[] der) throws Exception {
        var factory = CertificateFactory.getInstance("X.509");
        return (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der));
    }

    /** The one entry of a PFX: its certificate is `expected`, and its key signs what that verifies. */
    private static void ensureOpens(byte[] pfx, X509Certificate expected) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(pfx), NO_PASSWORD);
        ensure(store.size() == 1, "one entry");
        String alias = store.aliases().nextElement();
        ensure(store.getCertificate(alias).equals(expected), "it is the certificate");
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign((PrivateKey) store.getKey(alias, NO_PASSWORD));
        signature.update(pfx);
        byte[] signed = signature.sign();
        signature.initVerify(expected);
        signature.update(pfx);
        ensure(signature.verify(signed), "it is its key");
    }

    private static void useIssuersAndContacts(CertificateClient client) {
        client.setContacts(List.of(new CertificateContact().setEmail("j@example.com"))).stream().count();
        ensure(client.listContacts().stream().map(CertificateContact::getEmail).toList()
            .equals(List.of("j@example.com")), "the contact is listed");
        client.deleteContacts().stream().count();
        client.createIssuer(new CertificateIssuer("java-issuer", "Test").setAccountId("me").setPassword("sesame"));
        CertificateIssuer issuer = client.getIssuer("java-issuer");
        ensure(issuer.getAccountId().equals("me"), "the account");
        ensure(issuer.getPassword() == null, "its password is not shown");
        client.updateIssuer(issuer.setAccountId("you"));
        ensure(client.listPropertiesOfIssuers().stream().anyMatch(one -> one.getName().equals("java-issuer")),
            "the issuer is listed");
        ensure(client.deleteIssuer("java-issuer").getAccountId().equals("you"), "the account as updated");
        refusal(ResourceNotFoundException.class, () -> client.getIssuer("java-issuer"));
    }

    /** A request for somebody else to sign: merged with nothing that fits, taken back, forgotten. */
    private static void useRequest(CertificateClient client) {
        var pending = client.beginCreateCertificate("java-pending", new CertificatePolicy("Unknown", "CN=java"))
            .poll().getValue();
        ensure(pending.getCsr().length > 0, "there is a request");
        var foreign = new MergeCertificateOptions("java-pending", List.of(client.getCertificate(NAME).getCer()));
        refusal(HttpResponseException.class, () -> client.mergeCertificate(foreign));
        ensure(client.cancelCertificateOperation("java-pending").getCancellationRequested(), "taken back");
        client.deleteCertificateOperation("java-pending");
        refusal(ResourceNotFoundException.class, () -> client.deleteCertificateOperation("java-pending"));
        delete(client, "java-pending");
        client.purgeDeletedCertificate("java-pending");
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
        var client = new CertificateClientBuilder().vaultUrl(vault).credential(credential).buildClient();
        var secrets = new SecretClientBuilder().vaultUrl(vault).credential(credential).buildClient();

        var names = new SubjectAlternativeNames().setDnsNames(List.of("java.example"));
        var policy = new CertificatePolicy("Self", "C=CH, CN=java", names).setValidityInMonths(6);
        KeyVaultCertificateWithPolicy made = create(client, policy);
        X509Certificate certificate = parsed(made.getCer());
        ensure(certificate.getSubjectX500Principal().getName().contains("CN=java"), "the subject");
        ensure(certificate.getSubjectAlternativeNames().stream()
            .anyMatch(one -> one.get(1).equals("java.example")), "the name");
        certificate.verify(certificate.getPublicKey());
        byte[] pfx = Base64.getDecoder().decode(secrets.getSecret(NAME).getValue());
        ensureOpens(pfx, certificate);

        var imported = client.importCertificate(new ImportCertificateOptions(IMPORTED, pfx).setTags(Map.of("a", "1")));
        ensure(Arrays.equals(imported.getCer(), made.getCer()), "imported as it was");
        ensure(client.getCertificate(IMPORTED).getProperties().getTags().equals(Map.of("a", "1")), "tags");
        var broken = new ImportCertificateOptions("java-broken", new byte[] {1, 2, 3});
        ensure(refusal(HttpResponseException.class, () -> client.importCertificate(broken))
            .getResponse().getStatusCode() == 400, "what is none is not imported");

        String version = made.getProperties().getVersion();
        var disabled = client.updateCertificateProperties(made.getProperties().setEnabled(false));
        ensure(!disabled.getProperties().isEnabled(), "disabled");
        client.updateCertificateProperties(disabled.getProperties().setEnabled(true));
        client.updateCertificatePolicy(NAME, client.getCertificatePolicy(NAME).setValidityInMonths(3));
        ensure(client.getCertificatePolicy(NAME).getValidityInMonths() == 3, "the policy as updated");
        create(client, policy);
        ensure(client.listPropertiesOfCertificateVersions(NAME).stream().count() == 2, "two versions");
        ensure(parsed(client.getCertificateVersion(NAME, version).getCer()).equals(certificate), "the first one");
        ensure(client.listPropertiesOfCertificates().stream().map(one -> one.getName()).toList()
            .containsAll(List.of(NAME, IMPORTED)), "both are listed");
        useIssuersAndContacts(client);
        useRequest(client);

        byte[] backup = client.backupCertificate(IMPORTED);
        delete(client, IMPORTED);
        refusal(ResourceNotFoundException.class, () -> client.getCertificate(IMPORTED));
        ensure(client.listDeletedCertificates().stream().anyMatch(one -> one.getName().equals(IMPORTED)),
            "listed among the deleted ones");
        client.beginRecoverDeletedCertificate(IMPORTED).setPollInterval(POLL).waitForCompletion(LIMIT);
        delete(client, IMPORTED);
        client.purgeDeletedCertificate(IMPORTED);
        ensure(client.restoreCertificateBackup(backup).getName().equals(IMPORTED), "restored");

        System.out.println(secrets.getSecret(environment.get("SECRET_NAME")).getValue());
    }
}
