// One private- or public-key operation on a digest or ciphertext, free of JavaScript: `run` may be
// called on any thread.
#ifndef STRONGROOM_OPERATION_H
#define STRONGROOM_OPERATION_H

#include "keys.h"

typedef enum { SIGN, VERIFY, DECRYPT } Kind;

// The numbers are the interface: src/cryptography/engine/native-engine.ts names the same ones.
typedef enum { RSA_PKCS1 = 1, RSA_PSS = 2, ECDSA = 3, RSA1_5 = 4, RSA_OAEP = 5 } Scheme;

typedef enum { FAILED, REFUSED, DONE } Outcome;

typedef struct {
  Kind kind;
  Scheme scheme;
  // Digest that was signed, or OAEP's hash; NULL: none (RSNULL, RSA1_5).
  const EVP_MD *hash;
  const Key *key;
  size_t input_length;
  size_t signature_length;
  size_t output_length;
  // Digest or ciphertext. Copies, because JavaScript may change its buffers meanwhile.
  uint8_t input[RSA_BYTES_MAX];
  uint8_t signature[RSA_BYTES_MAX];
  uint8_t output[RSA_BYTES_MAX];
} Operation;

// Whether scheme, hash, lengths and key belong together.
bool is_coherent(const Operation *operation);

// DONE: signed, verified or decrypted. REFUSED: a signature or ciphertext that is not right, and no
// more is said of why. FAILED: OpenSSL could not do its work.
Outcome run(Operation *operation);

#endif
