// The ways to sign in beside a client secret.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

func byCertificate(options policy.ClientOptions, sendChain bool) azcore.TokenCredential {
	certificates, key, err := azidentity.ParseCertificates(
		must(os.ReadFile(os.Getenv("CERTIFICATE_FILE"))), nil)
	if err != nil {
		log.Fatal(err)
	}
	return must(azidentity.NewClientCertificateCredential(
		os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), certificates, key,
		&azidentity.ClientCertificateCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: true, SendCertificateChain: sendChain,
		}))
}

func byAssertion(options policy.ClientOptions) azcore.TokenCredential {
	assertion := func(context.Context) (string, error) {
		token, err := os.ReadFile(os.Getenv("AZURE_FEDERATED_TOKEN_FILE"))
		return string(token), err
	}
	return must(azidentity.NewClientAssertionCredential(
		os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), assertion,
		&azidentity.ClientAssertionCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: true,
		}))
}

func byPassword(options policy.ClientOptions) azcore.TokenCredential {
	return must(azidentity.NewUsernamePasswordCredential(
		os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"),
		os.Getenv("USER_NAME"), os.Getenv("USER_PASSWORD"),
		&azidentity.UsernamePasswordCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: true,
		}))
}

func signIn(ctx context.Context, way string, options policy.ClientOptions) {
	var credential azcore.TokenCredential
	switch way {
	case "certificate", "certificate-chain":
		credential = byCertificate(options, way == "certificate-chain")
	case "assertion":
		credential = byAssertion(options)
	case "workload":
		credential = must(azidentity.NewWorkloadIdentityCredential(
			&azidentity.WorkloadIdentityCredentialOptions{
				ClientOptions: options, DisableInstanceDiscovery: true,
			}))
	case "password":
		credential = byPassword(options)
	case "environment":
		onlyToken(ctx, options)
		return
	default:
		log.Fatal("no way to sign in: " + way)
	}
	client := must(azsecrets.NewClient(os.Getenv("VAULT_URL"), credential,
		&azsecrets.ClientOptions{ClientOptions: options}))
	fmt.Println(*must(client.GetSecret(ctx, os.Getenv("SECRET_NAME"), "", nil)).Value)
}

// Through the tenant adfs the token is had with nothing set against instance discovery; the vault is
// then asked by hand, since azsecrets takes no challenge with a tenant for an ADFS credential.
func onlyToken(ctx context.Context, options policy.ClientOptions) {
	credential := must(azidentity.NewEnvironmentCredential(
		&azidentity.EnvironmentCredentialOptions{ClientOptions: options}))
	token := must(credential.GetToken(ctx, policy.TokenRequestOptions{
		Scopes: []string{os.Getenv("VAULT_RESOURCE") + "/.default"},
	}))
	fmt.Println(must(secretWithToken(token.Token)))
}

func secretWithToken(token string) (string, error) {
	address := os.Getenv("VAULT_URL") + "/secrets/" + os.Getenv("SECRET_NAME") + "?api-version=7.4"
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := transport().Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var secret struct{ Value string }
	err = json.NewDecoder(response.Body).Decode(&secret)
	return secret.Value, err
}
