// Everything azsecrets, azkeys and azcertificates can do, and sops with a key, once; prints the value of
// SECRET_NAME last. With an argument it only gets that value, signed in the way the argument says
// (sign_in.go).
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

// The instance's names lead to this machine; certificates are checked against the name as always.
func transport() *http.Client {
	domain := os.Getenv("STRONGROOM_TEST_DOMAIN")
	inner := http.DefaultTransport.(*http.Transport).Clone()
	dialer := &net.Dialer{}
	inner.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err == nil && (host == domain || strings.HasSuffix(host, "."+domain)) {
			address = net.JoinHostPort("127.0.0.1", port)
		}
		return dialer.DialContext(ctx, network, address)
	}
	return &http.Client{Transport: inner}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func ensure(condition bool, what string) {
	if !condition {
		log.Fatal("not so: " + what)
	}
}

func ensureStatus(err error, status int) {
	var response *azcore.ResponseError
	ensure(errors.As(err, &response) && response.StatusCode == status, fmt.Sprint(status, err))
}

func main() {
	ctx := context.Background()
	options := policy.ClientOptions{
		Transport: transport(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
	if len(os.Args) > 1 {
		signIn(ctx, os.Args[1], options)
		return
	}
	credential := must(azidentity.NewClientSecretCredential(
		os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), os.Getenv("AZURE_CLIENT_SECRET"),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: true,
		}))
	client := must(azsecrets.NewClient(os.Getenv("VAULT_URL"), credential,
		&azsecrets.ClientOptions{ClientOptions: options}))

	set := func(value string) azsecrets.SetSecretResponse {
		parameters := azsecrets.SetSecretParameters{
			Value: to.Ptr(value), ContentType: to.Ptr("text/plain"),
			Tags: map[string]*string{"a": to.Ptr("1")},
		}
		return must(client.SetSecret(ctx, "go-secret", parameters, nil))
	}
	get := func(name, version string) string {
		return *must(client.GetSecret(ctx, name, version, nil)).Value
	}
	first, second := set("first"), set("second")
	ensure(first.ID.Version() != second.ID.Version(), "each set makes a version")
	ensure(get("go-secret", "") == "second", "the current value")
	ensure(get("go-secret", first.ID.Version()) == "first", "the old value")

	update := azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)},
	}
	must(client.UpdateSecretProperties(ctx, "go-secret", second.ID.Version(), update, nil))
	_, err := client.GetSecret(ctx, "go-secret", "", nil)
	ensureStatus(err, http.StatusForbidden)
	update.SecretAttributes.Enabled = to.Ptr(true)
	must(client.UpdateSecretProperties(ctx, "go-secret", second.ID.Version(), update, nil))

	versions := 0
	for pager := client.NewListSecretPropertiesVersionsPager("go-secret", nil); pager.More(); {
		versions += len(must(pager.NextPage(ctx)).Value)
	}
	ensure(versions == 2, "two versions are listed")
	found := false
	for pager := client.NewListSecretPropertiesPager(nil); pager.More(); {
		for _, item := range must(pager.NextPage(ctx)).Value {
			found = found || item.ID.Name() == "go-secret"
		}
	}
	ensure(found, "the secret is listed")

	backup := must(client.BackupSecret(ctx, "go-secret", nil))
	deleted := must(client.DeleteSecret(ctx, "go-secret", nil))
	ensure(deleted.ScheduledPurgeDate.After(*deleted.DeletedDate), "a purge is scheduled")
	_, err = client.GetSecret(ctx, "go-secret", "", nil)
	ensureStatus(err, http.StatusNotFound)
	must(client.GetDeletedSecret(ctx, "go-secret", nil))
	must(client.RecoverDeletedSecret(ctx, "go-secret", nil))
	ensure(get("go-secret", "") == "second", "the recovered value")
	must(client.DeleteSecret(ctx, "go-secret", nil))
	must(client.PurgeDeletedSecret(ctx, "go-secret", nil))
	restore := azsecrets.RestoreSecretParameters{SecretBackup: backup.Value}
	must(client.RestoreSecret(ctx, restore, nil))
	ensure(get("go-secret", "") == "second", "the restored value")

	useKeys(ctx, credential, options)
	useCertificates(ctx, credential, options)
	useSops(ctx, credential, options)

	fmt.Println(get(os.Getenv("SECRET_NAME"), ""))
}
