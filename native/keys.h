// RSA and EC keys, brought in once as DER and kept behind a handle that frees itself.
#ifndef STRONGROOM_KEYS_H
#define STRONGROOM_KEYS_H

#include <openssl/evp.h>

#include "arguments.h"

#define RSA_BYTES_MAX 512

typedef struct {
  EVP_PKEY *pkey;
  bool is_rsa;  // Otherwise EC.
  bool is_private;
  size_t size;  // RSA: bytes of the modulus. EC: bytes of one half of a signature.
} Key;

// importPrivateKey(pkcs8: bytes): handle; importPublicKey(spki: bytes): handle. RSA of 2048 to 4096
// bits (whole bytes), EC on P-256, P-384, P-521 or secp256k1; anything else is an Error.
napi_value import_private_key(napi_env env, napi_callback_info info);
napi_value import_public_key(napi_env env, napi_callback_info info);

// The key behind a handle; NULL with a TypeError pending for anything else.
const Key *read_key(napi_env env, napi_value value);

#endif
