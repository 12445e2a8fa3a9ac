#include "calls.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "lanes.h"
#include "operation.h"

typedef struct {
  Job job;  // First, so that a job is its call.
  Operation operation;
  Key key;  // A reference of its own: the handle may be collected while the work waits.
  Outcome outcome;
  napi_deferred deferred;
} Call;

static void free_call(Call *call) {
  EVP_PKEY_free(call->key.pkey);
  OPENSSL_cleanse(&call->operation, sizeof call->operation);
  free(call);
}

static bool read_hash(napi_env env, napi_value value, const EVP_MD **hash) {
  uint32_t bits = 0;
  if (!read_number(env, value, (Limits){"hash", 0, 512}, &bits)) return false;
  switch (bits) {
    case 0: *hash = NULL; return true;
    case 1: *hash = EVP_sha1(); return true;
    case 256: *hash = EVP_sha256(); return true;
    case 384: *hash = EVP_sha384(); return true;
    case 512: *hash = EVP_sha512(); return true;
    default: napi_throw_range_error(env, NULL, "hash is out of range"); return false;
  }
}

static bool read_parts(napi_env env, const napi_value *arguments, Operation *operation) {
  Bytes input;
  Bytes signature = {NULL, 0};
  uint32_t scheme = 0;
  Limits any = {"input", 0, RSA_BYTES_MAX};
  if (!read_number(env, arguments[1], (Limits){"scheme", RSA_PKCS1, RSA_OAEP}, &scheme) ||
      !read_hash(env, arguments[2], &operation->hash) ||
      !read_bytes(env, arguments[3], any, &input)) {
    return false;
  }
  if (operation->kind == VERIFY &&
      !read_bytes(env, arguments[4], (Limits){"signature", 0, RSA_BYTES_MAX}, &signature)) {
    return false;
  }
  operation->scheme = (Scheme)scheme;
  operation->input_length = input.length;
  operation->signature_length = signature.length;
  if (input.length > 0) memcpy(operation->input, input.data, input.length);
  if (signature.length > 0) memcpy(operation->signature, signature.data, signature.length);
  return true;
}

static Call *read_call(napi_env env, napi_callback_info info, Kind kind) {
  napi_value arguments[ARGUMENTS_MAX];
  if (!read_arguments(env, info, kind == VERIFY ? 5 : 4, arguments)) return NULL;
  const Key *key = read_key(env, arguments[0]);
  if (key == NULL) return NULL;
  Call *call = calloc(1, sizeof *call);
  if (call == NULL || EVP_PKEY_up_ref(key->pkey) != 1) {
    free(call);
    fail(env, "no memory for the operation");
    return NULL;
  }
  call->key = *key;
  call->operation.kind = kind;
  call->operation.key = &call->key;
  if (!read_parts(env, arguments, &call->operation)) {
    free_call(call);
    return NULL;
  }
  if (!is_coherent(&call->operation)) {
    free_call(call);
    napi_throw_range_error(env, NULL, "this key cannot do that");
    return NULL;
  }
  return call;
}

// The answer as a JavaScript value; NULL (no exception) if the operation failed.
static napi_value answer(napi_env env, const Operation *operation, Outcome outcome) {
  napi_value value = NULL;
  if (operation->kind == VERIFY && outcome != FAILED) {
    napi_get_boolean(env, outcome == DONE, &value);
  } else if (outcome == DONE) {
    napi_create_buffer_copy(env, operation->output_length, operation->output, NULL, &value);
  } else if (operation->kind == DECRYPT && outcome == REFUSED) {
    napi_get_undefined(env, &value);
  }
  return value;
}

static napi_value call_sync(napi_env env, napi_callback_info info, Kind kind) {
  Call *call = read_call(env, info, kind);
  if (call == NULL) return NULL;
  Outcome outcome = run(&call->operation);
  napi_value value = answer(env, &call->operation, outcome);
  free_call(call);
  return value != NULL ? value : fail(env, "the operation failed");
}

static void work(Job *job) {
  Call *call = (Call *)job;
  call->outcome = run(&call->operation);
}

static void settle(napi_env env, Call *call) {
  napi_value value = answer(env, &call->operation, call->outcome);
  if (value != NULL) {
    napi_resolve_deferred(env, call->deferred, value);
    return;
  }
  napi_value message, error;
  if (napi_create_string_utf8(env, "the operation failed", NAPI_AUTO_LENGTH, &message) == napi_ok &&
      napi_create_error(env, NULL, message, &error) == napi_ok) {
    napi_reject_deferred(env, call->deferred, error);
  }
}

static void finish(napi_env env, Job *job) {
  Call *call = (Call *)job;
  napi_handle_scope scope;
  if (env != NULL && napi_open_handle_scope(env, &scope) == napi_ok) {
    settle(env, call);
    napi_close_handle_scope(env, scope);
  }
  free_call(call);
}

static napi_value call_async(napi_env env, napi_callback_info info, Kind kind) {
  Call *call = read_call(env, info, kind);
  if (call == NULL) return NULL;
  call->job.work = work;
  call->job.finish = finish;
  napi_value promise;
  if (napi_create_promise(env, &call->deferred, &promise) != napi_ok ||
      !enqueue(env, &call->job)) {
    free_call(call);
    return fail(env, "the operation could not be queued");
  }
  return promise;
}

napi_value sign_async(napi_env env, napi_callback_info info) {
  return call_async(env, info, SIGN);
}

napi_value sign_sync(napi_env env, napi_callback_info info) {
  return call_sync(env, info, SIGN);
}

napi_value verify_async(napi_env env, napi_callback_info info) {
  return call_async(env, info, VERIFY);
}

napi_value verify_sync(napi_env env, napi_callback_info info) {
  return call_sync(env, info, VERIFY);
}

napi_value decrypt_async(napi_env env, napi_callback_info info) {
  return call_async(env, info, DECRYPT);
}
