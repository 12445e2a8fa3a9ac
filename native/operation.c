#include "operation.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#define PKCS1_OVERHEAD_BYTES 11
#define DIGEST_BYTES_MIN 32  // No signatures over SHA-1.

bool is_coherent(const Operation *operation) {
  const Key *key = operation->key;
  const EVP_MD *hash = operation->hash;
  bool scheme_is_decryption = operation->scheme == RSA1_5 || operation->scheme == RSA_OAEP;
  if (scheme_is_decryption != (operation->kind == DECRYPT)) return false;
  if (key->is_rsa == (operation->scheme == ECDSA)) return false;
  if (operation->kind != VERIFY && !key->is_private) return false;
  if (operation->kind == DECRYPT) return (hash != NULL) == (operation->scheme == RSA_OAEP);
  if (hash != NULL) {
    size_t size = (size_t)EVP_MD_get_size(hash);
    return size >= DIGEST_BYTES_MIN && operation->input_length == size;
  }
  return operation->scheme == RSA_PKCS1 && operation->input_length > 0 &&
         operation->input_length <= key->size - PKCS1_OVERHEAD_BYTES;
}

static bool set_padding(EVP_PKEY_CTX *context, const Operation *operation) {
  const EVP_MD *hash = operation->hash;
  switch (operation->scheme) {
    case RSA_PKCS1:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
             (hash == NULL || EVP_PKEY_CTX_set_signature_md(context, hash) > 0);
    case RSA_PSS:  // RFC 7518 §3.5: MGF1 with the same hash, salt as long as the digest.
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
             EVP_PKEY_CTX_set_signature_md(context, hash) > 0 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) > 0 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
    case ECDSA:
      return EVP_PKEY_CTX_set_signature_md(context, hash) > 0;
    case RSA1_5:
      // Bad padding must yield a random-looking message, never an error (Bleichenbacher, Marvin).
      // An OpenSSL that cannot do that must not decrypt at all.
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
             EVP_PKEY_CTX_ctrl_str(context, "rsa_pkcs1_implicit_rejection", "1") > 0;
    case RSA_OAEP:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
             EVP_PKEY_CTX_set_rsa_oaep_md(context, hash) > 0 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) > 0;
  }
  return false;
}

// DER → r|s, each as long as the order; RFC 7518 §3.4.
static bool flatten_signature(const uint8_t *der, size_t der_length, size_t half, uint8_t *flat) {
  ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)der_length);
  if (signature == NULL) return false;
  bool done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), flat, (int)half) > 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(signature), flat + half, (int)half) > 0;
  ECDSA_SIG_free(signature);
  return done;
}

// r|s → DER in `der`; its length, or 0.
static size_t wrap_signature(const uint8_t *flat, size_t half, uint8_t *der) {
  ECDSA_SIG *signature = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(flat, (int)half, NULL);
  BIGNUM *s = BN_bin2bn(flat + half, (int)half, NULL);
  int length = 0;
  if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
    r = s = NULL;  // The signature owns them now.
    length = i2d_ECDSA_SIG(signature, NULL);
    if (length > 0 && length <= RSA_BYTES_MAX) length = i2d_ECDSA_SIG(signature, &der);
  }
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(signature);
  return length > 0 ? (size_t)length : 0;
}

static Outcome sign(EVP_PKEY_CTX *context, Operation *operation) {
  uint8_t der[RSA_BYTES_MAX];
  bool flatten = operation->scheme == ECDSA;
  uint8_t *target = flatten ? der : operation->output;
  size_t length = RSA_BYTES_MAX;
  if (EVP_PKEY_sign_init(context) <= 0 || !set_padding(context, operation) ||
      EVP_PKEY_sign(context, target, &length, operation->input, operation->input_length) <= 0) {
    return FAILED;
  }
  operation->output_length = length;
  if (!flatten) return DONE;
  operation->output_length = 2 * operation->key->size;
  return flatten_signature(der, length, operation->key->size, operation->output) ? DONE : FAILED;
}

static Outcome verify(EVP_PKEY_CTX *context, Operation *operation) {
  uint8_t der[RSA_BYTES_MAX];
  const Key *key = operation->key;
  const uint8_t *signature = operation->signature;
  size_t length = operation->signature_length;
  if (length != (key->is_rsa ? key->size : 2 * key->size)) return REFUSED;
  if (!key->is_rsa) {
    length = wrap_signature(signature, key->size, der);
    signature = der;
    if (length == 0) return FAILED;
  }
  if (EVP_PKEY_verify_init(context) <= 0 || !set_padding(context, operation)) return FAILED;
  return EVP_PKEY_verify(context, signature, length, operation->input, operation->input_length) == 1
             ? DONE
             : REFUSED;
}

static Outcome decrypt(EVP_PKEY_CTX *context, Operation *operation) {
  if (operation->input_length != operation->key->size) return REFUSED;
  if (EVP_PKEY_decrypt_init(context) <= 0 || !set_padding(context, operation)) return FAILED;
  size_t length = RSA_BYTES_MAX;
  int result = EVP_PKEY_decrypt(context, operation->output, &length, operation->input,
                                operation->input_length);
  operation->output_length = result > 0 ? length : 0;
  return result > 0 ? DONE : REFUSED;
}

Outcome run(Operation *operation) {
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(operation->key->pkey, NULL);
  Outcome outcome = FAILED;
  if (context != NULL) {
    if (operation->kind == SIGN) outcome = sign(context, operation);
    if (operation->kind == VERIFY) outcome = verify(context, operation);
    if (operation->kind == DECRYPT) outcome = decrypt(context, operation);
    EVP_PKEY_CTX_free(context);
  }
  if (outcome != DONE) ERR_clear_error();
  return outcome;
}
