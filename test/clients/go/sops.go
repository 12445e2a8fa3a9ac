// sops's own key source for Azure Key Vault: it wraps the data key of a file with a key of the
// vault, and gets it back from what stands in the file.
package main

import (
	"context"
	"crypto/rand"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/getsops/sops/v3/azkv"
)

func useSops(ctx context.Context, credential azcore.TokenCredential, options policy.ClientOptions) {
	clientOptions := &azkeys.ClientOptions{ClientOptions: options}
	client := must(azkeys.NewClient(os.Getenv("VAULT_URL"), credential, clientOptions))
	made := must(client.CreateKey(ctx, "go-sops", azkeys.CreateKeyParameters{
		Kty: to.Ptr(azkeys.KeyTypeRSA), KeySize: to.Ptr(int32(2048)),
	}, nil))
	dataKey := make([]byte, 32)
	must(rand.Read(dataKey))
	master := must(azkv.NewMasterKeyFromURL(string(*made.Key.KID)))
	azkv.NewTokenCredential(credential).ApplyToMasterKey(master)
	azkv.NewClientOptions(clientOptions).ApplyToMasterKey(master)
	ensure(master.EncryptContext(ctx, dataKey) == nil, "sops wraps its data key")

	// What a sops file keeps: vault, name, version and the wrapped data key.
	again := azkv.NewMasterKey(master.VaultURL, master.Name, master.Version)
	again.SetEncryptedDataKey(master.EncryptedDataKey())
	azkv.NewTokenCredential(credential).ApplyToMasterKey(again)
	azkv.NewClientOptions(clientOptions).ApplyToMasterKey(again)
	ensure(string(must(again.DecryptContext(ctx))) == string(dataKey), "and gets it back")
}
