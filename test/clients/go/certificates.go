package main

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"os"
)

// A certificate made, read by Go's own parsers, and deleted.
func useCertificates(ctx context.Context, credential azcore.TokenCredential, options policy.ClientOptions) {
	url := os.Getenv("VAULT_URL")
	client := must(azcertificates.NewClient(url, credential,
		&azcertificates.ClientOptions{ClientOptions: options}))
	secrets := must(azsecrets.NewClient(url, credential,
		&azsecrets.ClientOptions{ClientOptions: options}))
	create := azcertificates.CreateCertificateParameters{
		CertificatePolicy: &azcertificates.CertificatePolicy{
			IssuerParameters:          &azcertificates.IssuerParameters{Name: to.Ptr("Self")},
			X509CertificateProperties: &azcertificates.X509CertificateProperties{Subject: to.Ptr("CN=go")},
		},
	}
	must(client.CreateCertificate(ctx, "go-cert", create, nil))
	for tries := 0; ; tries++ {
		pending := must(client.GetCertificateOperation(ctx, "go-cert", nil))
		if *pending.Status == "completed" {
			break
		}
		ensure(tries < 100, "the certificate is signed")
		time.Sleep(100 * time.Millisecond)
	}
	got := must(client.GetCertificate(ctx, "go-cert", "", nil))
	parsed := must(x509.ParseCertificate(got.CER))
	ensure(parsed.Subject.CommonName == "go", "the subject")
	secret := must(secrets.GetSecret(ctx, "go-cert", "", nil))
	// Go's own PKCS#12 reader is frozen: what it opens, everything opens.
	pfx := must(base64.StdEncoding.DecodeString(*secret.Value))
	certificates, _, err := azidentity.ParseCertificates(pfx, nil)
	ensure(err == nil, "azidentity reads the PFX")
	ensure(certificates[0].Equal(parsed), "it is the certificate")
	must(client.DeleteCertificate(ctx, "go-cert", nil))
	must(client.PurgeDeletedCertificate(ctx, "go-cert", nil))
}
