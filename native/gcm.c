#include "gcm.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 32
#define IV_BYTES 12
#define TAG_BYTES 16
#define SCRATCH_BYTES 8192
#define OVERHEAD_BYTES (IV_BYTES + TAG_BYTES)
// OpenSSL counts in int; half of that leaves room for what is added.
#define TEXT_BYTES_MAX ((size_t)1 << 30)

static const napi_type_tag GCM_KEY = {0x6d1f0c7e52a94b38, 0x9c3be0d47f1a2658};

// A handle lives on one JavaScript thread, and both calls are synchronous: no two uses overlap.
typedef struct {
  EVP_CIPHER_CTX *seal;
  EVP_CIPHER_CTX *open;
} GcmKey;

static void free_key(napi_env env, void *pointer, void *hint) {
  (void)env;
  (void)hint;
  GcmKey *key = pointer;
  // EVP_CIPHER_CTX_free wipes the key schedule.
  EVP_CIPHER_CTX_free(key->seal);
  EVP_CIPHER_CTX_free(key->open);
  free(key);
}

napi_value gcm_key(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  Bytes raw;
  if (!read_arguments(env, info, 1, arguments) ||
      !read_bytes(env, arguments[0], (Limits){"key", KEY_BYTES, KEY_BYTES}, &raw)) {
    return NULL;
  }
  GcmKey *key = calloc(1, sizeof *key);
  if (key == NULL) return fail(env, "no memory for a key");
  key->seal = EVP_CIPHER_CTX_new();
  key->open = EVP_CIPHER_CTX_new();
  if (key->seal == NULL || key->open == NULL ||
      EVP_EncryptInit_ex(key->seal, EVP_aes_256_gcm(), NULL, raw.data, NULL) != 1 ||
      EVP_DecryptInit_ex(key->open, EVP_aes_256_gcm(), NULL, raw.data, NULL) != 1) {
    free_key(env, key, NULL);
    return fail(env, "the key could not be set up");
  }
  return create_handle(env, key, free_key, &GCM_KEY);
}

// Handle, text and associated data: what both calls take.
static GcmKey *read_call(napi_env env, napi_callback_info info, Bytes *text, Bytes *aad) {
  napi_value arguments[3];
  if (!read_arguments(env, info, 3, arguments)) return NULL;
  GcmKey *key = read_handle(env, arguments[0], &GCM_KEY);
  if (key == NULL || !read_bytes(env, arguments[1], (Limits){"text", 0, TEXT_BYTES_MAX}, text) ||
      !read_bytes(env, arguments[2], (Limits){"aad", 0, TEXT_BYTES_MAX}, aad)) {
    return NULL;
  }
  return key;
}

// An empty update is skipped: with no output OpenSSL would take it for associated data.
static bool encrypt(EVP_CIPHER_CTX *context, Bytes text, Bytes aad, uint8_t *sealed) {
  int written = 0;
  uint8_t *ciphertext = sealed + IV_BYTES;
  uint8_t *tag = ciphertext + text.length;
  if (RAND_bytes(sealed, IV_BYTES) != 1) return false;
  if (EVP_EncryptInit_ex(context, NULL, NULL, NULL, sealed) != 1) return false;
  if (aad.length > 0 &&
      EVP_EncryptUpdate(context, NULL, &written, aad.data, (int)aad.length) != 1) {
    return false;
  }
  if (text.length > 0 &&
      EVP_EncryptUpdate(context, ciphertext, &written, text.data, (int)text.length) != 1) {
    return false;
  }
  return EVP_EncryptFinal_ex(context, tag, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1;
}

static bool decrypt(EVP_CIPHER_CTX *context, Bytes sealed, Bytes aad, uint8_t *plaintext) {
  int written = 0;
  uint8_t nothing[1];
  size_t length = sealed.length - OVERHEAD_BYTES;
  const uint8_t *ciphertext = sealed.data + IV_BYTES;
  if (EVP_DecryptInit_ex(context, NULL, NULL, NULL, sealed.data) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES,
                          (void *)(ciphertext + length)) != 1) {
    return false;
  }
  if (aad.length > 0 &&
      EVP_DecryptUpdate(context, NULL, &written, aad.data, (int)aad.length) != 1) {
    return false;
  }
  if (length > 0 &&
      EVP_DecryptUpdate(context, plaintext, &written, ciphertext, (int)length) != 1) {
    return false;
  }
  return EVP_DecryptFinal_ex(context, nothing, &written) == 1;
}

napi_value gcm_seal(napi_env env, napi_callback_info info) {
  Bytes text, aad;
  GcmKey *key = read_call(env, info, &text, &aad);
  if (key == NULL) return NULL;
  napi_value result;
  void *sealed = NULL;
  if (napi_create_buffer(env, text.length + OVERHEAD_BYTES, &sealed, &result) != napi_ok ||
      !encrypt(key->seal, text, aad, sealed)) {
    return fail(env, "sealing failed");
  }
  return result;
}

napi_value gcm_open(napi_env env, napi_callback_info info) {
  Bytes sealed, aad;
  GcmKey *key = read_call(env, info, &sealed, &aad);
  if (key == NULL || sealed.length < OVERHEAD_BYTES) return NULL;
  napi_value result;
  void *plaintext = NULL;
  size_t length = sealed.length - OVERHEAD_BYTES;
  if (napi_create_buffer(env, length, &plaintext, &result) != napi_ok) {
    return fail(env, "no memory to open into");
  }
  if (decrypt(key->open, sealed, aad, plaintext)) return result;
  // What did not authenticate must not stay readable in the heap.
  if (length > 0) OPENSSL_cleanse(plaintext, length);
  ERR_clear_error();
  return NULL;
}

static bool is_ascii(const uint8_t *text, size_t length) {
  uint64_t seen = 0;
  size_t index = 0;
  for (; index + sizeof seen <= length; index += sizeof seen) {
    uint64_t word;
    memcpy(&word, text + index, sizeof word);
    seen |= word;
  }
  for (; index < length; index += 1) seen |= text[index];
  return (seen & 0x8080808080808080) == 0;
}

napi_value gcm_open_text(napi_env env, napi_callback_info info) {
  Bytes sealed, aad;
  uint8_t small[SCRATCH_BYTES];
  GcmKey *key = read_call(env, info, &sealed, &aad);
  if (key == NULL || sealed.length < OVERHEAD_BYTES) return NULL;
  size_t length = sealed.length - OVERHEAD_BYTES;
  uint8_t *plaintext = length <= sizeof small ? small : malloc(length);
  if (plaintext == NULL) return fail(env, "no memory to open into");
  napi_value result = NULL;
  if (decrypt(key->open, sealed, aad, plaintext)) {
    const char *text = (const char *)plaintext;
    // Latin-1 takes no decoding; of ASCII it makes the same string.
    napi_status status = is_ascii(plaintext, length)
                             ? napi_create_string_latin1(env, text, length, &result)
                             : napi_create_string_utf8(env, text, length, &result);
    if (status != napi_ok) result = fail(env, "no memory for the text");
  } else {
    ERR_clear_error();
  }
  OPENSSL_cleanse(plaintext, length);
  if (plaintext != small) free(plaintext);
  return result;
}
