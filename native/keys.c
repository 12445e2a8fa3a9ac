#include "keys.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define DER_BYTES_MAX 8192
#define RSA_BITS_MIN 2048
// Roughly what OpenSSL keeps for one key; tells the collector that a handle is not small.
#define EXTERNAL_BYTES 4096

static const napi_type_tag ASYMMETRIC_KEY = {0x2b84f3d96a0e4c17, 0x8f52c6a1be39d074};

static const struct {
  const char *name;
  size_t size;
} CURVES[] = {{"prime256v1", 32}, {"secp384r1", 48}, {"secp521r1", 66}, {"secp256k1", 32}};

static void free_key(napi_env env, void *pointer, void *hint) {
  (void)hint;
  Key *key = pointer;
  int64_t total = 0;
  napi_adjust_external_memory(env, -EXTERNAL_BYTES, &total);
  EVP_PKEY_free(key->pkey);  // Wipes the private parts.
  free(key);
}

static size_t curve_size(const EVP_PKEY *pkey) {
  char name[32];
  if (EVP_PKEY_get_group_name(pkey, name, sizeof name, NULL) != 1) return 0;
  for (size_t index = 0; index < sizeof CURVES / sizeof CURVES[0]; index += 1) {
    if (strcmp(name, CURVES[index].name) == 0) return CURVES[index].size;
  }
  return 0;
}

static bool describe(Key *key) {
  if (EVP_PKEY_is_a(key->pkey, "RSA")) {
    int bits = EVP_PKEY_get_bits(key->pkey);
    key->is_rsa = true;
    key->size = (size_t)EVP_PKEY_get_size(key->pkey);
    return bits >= RSA_BITS_MIN && bits % 8 == 0 && key->size <= RSA_BYTES_MAX;
  }
  if (!EVP_PKEY_is_a(key->pkey, "EC")) return false;
  key->size = curve_size(key->pkey);
  return key->size > 0;
}

static EVP_PKEY *parse_private(Bytes der) {
  const uint8_t *end = der.data;
  PKCS8_PRIV_KEY_INFO *parsed = d2i_PKCS8_PRIV_KEY_INFO(NULL, &end, (long)der.length);
  if (parsed == NULL) return NULL;
  EVP_PKEY *pkey = end == der.data + der.length ? EVP_PKCS82PKEY(parsed) : NULL;
  PKCS8_PRIV_KEY_INFO_free(parsed);
  return pkey;
}

static EVP_PKEY *parse_public(Bytes der) {
  const uint8_t *end = der.data;
  EVP_PKEY *pkey = d2i_PUBKEY(NULL, &end, (long)der.length);
  if (pkey != NULL && end != der.data + der.length) {
    EVP_PKEY_free(pkey);
    return NULL;
  }
  return pkey;
}

static napi_value import_key(napi_env env, napi_callback_info info, bool is_private) {
  napi_value arguments[1];
  Bytes der;
  if (!read_arguments(env, info, 1, arguments) ||
      !read_bytes(env, arguments[0], (Limits){"key", 1, DER_BYTES_MAX}, &der)) {
    return NULL;
  }
  Key *key = calloc(1, sizeof *key);
  if (key == NULL) return fail(env, "no memory for a key");
  key->is_private = is_private;
  key->pkey = is_private ? parse_private(der) : parse_public(der);
  if (key->pkey == NULL || !describe(key)) {
    EVP_PKEY_free(key->pkey);
    free(key);
    return fail(env, "not a key that is supported");
  }
  int64_t total = 0;
  napi_adjust_external_memory(env, EXTERNAL_BYTES, &total);
  return create_handle(env, key, free_key, &ASYMMETRIC_KEY);
}

napi_value import_private_key(napi_env env, napi_callback_info info) {
  return import_key(env, info, true);
}

napi_value import_public_key(napi_env env, napi_callback_info info) {
  return import_key(env, info, false);
}

const Key *read_key(napi_env env, napi_value value) {
  return read_handle(env, value, &ASYMMETRIC_KEY);
}
