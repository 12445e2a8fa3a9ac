// Everything azkeys can do with a key, once; what the vault makes, Go's own cryptography undoes.
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"net/http"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
)

func useKeys(ctx context.Context, credential azcore.TokenCredential, options policy.ClientOptions) {
	client := must(azkeys.NewClient(os.Getenv("VAULT_URL"), credential,
		&azkeys.ClientOptions{ClientOptions: options}))
	useRsa(ctx, client)
	useEc(ctx, client)
	liveAndDie(ctx, client)
}

func useRsa(ctx context.Context, client *azkeys.Client) {
	made := must(client.CreateKey(ctx, "go-rsa", azkeys.CreateKeyParameters{
		Kty: to.Ptr(azkeys.KeyTypeRSA), KeySize: to.Ptr(int32(2048)),
		Tags: map[string]*string{"a": to.Ptr("1")},
	}, nil))
	public := &rsa.PublicKey{
		N: new(big.Int).SetBytes(made.Key.N), E: int(new(big.Int).SetBytes(made.Key.E).Int64()),
	}
	digest := sha256.Sum256([]byte("signed there, verified here"))
	sign := func(algorithm azkeys.SignatureAlgorithm) []byte {
		return must(client.Sign(ctx, "go-rsa", "", azkeys.SignParameters{
			Algorithm: to.Ptr(algorithm), Value: digest[:],
		}, nil)).Result
	}
	signed := sign(azkeys.SignatureAlgorithmRS256)
	ensure(rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signed) == nil, "RS256 verifies")
	signed = sign(azkeys.SignatureAlgorithmPS256)
	pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	ensure(rsa.VerifyPSS(public, crypto.SHA256, digest[:], signed, pss) == nil, "PS256 verifies")
	verify := func(signature []byte) bool {
		return *must(client.Verify(ctx, "go-rsa", "", azkeys.VerifyParameters{
			Algorithm: to.Ptr(azkeys.SignatureAlgorithmPS256), Digest: digest[:], Signature: signature,
		}, nil)).Value
	}
	ensure(verify(signed), "the vault verifies as well")
	signed[7] ^= 1
	ensure(!verify(signed), "a changed signature does not verify")

	plain := []byte("sealed here, opened there")
	sealed := must(rsa.EncryptOAEP(sha256.New(), rand.Reader, public, plain, nil))
	parameters := azkeys.KeyOperationParameters{
		Algorithm: to.Ptr(azkeys.EncryptionAlgorithmRSAOAEP256), Value: sealed,
	}
	opened := must(client.Decrypt(ctx, "go-rsa", "", parameters, nil)).Result
	ensure(string(opened) == string(plain), "RSA-OAEP-256 decrypts")
	parameters.Value = plain
	parameters.Value = must(client.WrapKey(ctx, "go-rsa", "", parameters, nil)).Result
	opened = must(client.UnwrapKey(ctx, "go-rsa", "", parameters, nil)).Result
	ensure(string(opened) == string(plain), "a wrapped key comes back")
}

func useEc(ctx context.Context, client *azkeys.Client) {
	made := must(client.CreateKey(ctx, "go-ec", azkeys.CreateKeyParameters{
		Kty: to.Ptr(azkeys.KeyTypeEC), Curve: to.Ptr(azkeys.CurveNameP256),
	}, nil))
	public := &ecdsa.PublicKey{
		Curve: elliptic.P256(),
		X:     new(big.Int).SetBytes(made.Key.X), Y: new(big.Int).SetBytes(made.Key.Y),
	}
	digest := sha256.Sum256([]byte("on the curve"))
	signed := must(client.Sign(ctx, "go-ec", made.Key.KID.Version(), azkeys.SignParameters{
		Algorithm: to.Ptr(azkeys.SignatureAlgorithmES256), Value: digest[:],
	}, nil)).Result
	r, s := new(big.Int).SetBytes(signed[:32]), new(big.Int).SetBytes(signed[32:])
	ensure(ecdsa.Verify(public, digest[:], r, s), "ES256 verifies")
	_, err := client.Sign(ctx, "go-ec", "", azkeys.SignParameters{
		Algorithm: to.Ptr(azkeys.SignatureAlgorithmES256), Value: digest[:31],
	}, nil)
	ensureStatus(err, http.StatusBadRequest)
}

func liveAndDie(ctx context.Context, client *azkeys.Client) {
	update := azkeys.UpdateKeyParameters{KeyAttributes: &azkeys.KeyAttributes{Enabled: to.Ptr(false)}}
	must(client.UpdateKey(ctx, "go-rsa", "", update, nil))
	digest := sha256.Sum256(nil)
	_, err := client.Sign(ctx, "go-rsa", "", azkeys.SignParameters{
		Algorithm: to.Ptr(azkeys.SignatureAlgorithmRS256), Value: digest[:],
	}, nil)
	ensureStatus(err, http.StatusForbidden)
	must(client.UpdateKeyRotationPolicy(ctx, "go-rsa", azkeys.KeyRotationPolicy{
		Attributes: &azkeys.KeyRotationPolicyAttributes{ExpiryTime: to.Ptr("P90D")},
	}, nil))
	rotated := must(client.RotateKey(ctx, "go-rsa", nil))
	ensure(rotated.Attributes.Expires != nil && *rotated.Attributes.Enabled, "it expires by the policy")
	versions := 0
	for pager := client.NewListKeyPropertiesVersionsPager("go-rsa", nil); pager.More(); {
		versions += len(must(pager.NextPage(ctx)).Value)
	}
	ensure(versions == 2, "two versions are listed")
	backup := must(client.BackupKey(ctx, "go-rsa", nil))
	must(client.DeleteKey(ctx, "go-rsa", nil))
	_, err = client.GetKey(ctx, "go-rsa", "", nil)
	ensureStatus(err, http.StatusNotFound)
	must(client.RecoverDeletedKey(ctx, "go-rsa", nil))
	must(client.DeleteKey(ctx, "go-rsa", nil))
	must(client.PurgeDeletedKey(ctx, "go-rsa", nil))
	restore := azkeys.RestoreKeyParameters{KeyBackup: backup.Value}
	restored := must(client.RestoreKey(ctx, restore, nil))
	ensure(*restored.Key.KID == *rotated.Key.KID, "the restored key is the same")
}
