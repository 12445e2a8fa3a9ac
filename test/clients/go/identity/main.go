// A program without a secret: gets SECRET_NAME by the identity of its surroundings, prints its value.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
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
		if err == nil && strings.HasSuffix(host, "."+domain) {
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

func get(credential azcore.TokenCredential, options policy.ClientOptions) string {
	client := must(azsecrets.NewClient(os.Getenv("VAULT_URL"), credential,
		&azsecrets.ClientOptions{ClientOptions: options}))
	name := os.Getenv("SECRET_NAME")
	return *must(client.GetSecret(context.Background(), name, "", nil)).Value
}

func main() {
	options := policy.ClientOptions{Transport: transport()}
	managed := must(azidentity.NewManagedIdentityCredential(nil))
	whichever := must(azidentity.NewDefaultAzureCredential(nil))
	value := get(managed, options)
	if get(whichever, options) != value {
		log.Fatal("the two credentials got different values")
	}
	fmt.Println(value)
}
