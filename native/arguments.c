#include "arguments.h"

#include <math.h>
#include <openssl/err.h>
#include <stdio.h>

bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  size_t given = ARGUMENTS_MAX;
  napi_value all[ARGUMENTS_MAX];
  if (napi_get_cb_info(env, info, &given, all, NULL, NULL) != napi_ok || given != count) {
    napi_throw_type_error(env, NULL, "wrong number of arguments");
    return false;
  }
  for (size_t index = 0; index < count; index += 1) arguments[index] = all[index];
  return true;
}

bool read_bytes(napi_env env, napi_value value, Limits limits, Bytes *bytes) {
  char message[80];
  bool is_bytes = false;
  void *data = NULL;
  if (napi_is_buffer(env, value, &is_bytes) != napi_ok || !is_bytes ||
      napi_get_buffer_info(env, value, &data, &bytes->length) != napi_ok) {
    snprintf(message, sizeof message, "%s must be bytes", limits.name);
    napi_throw_type_error(env, NULL, message);
    return false;
  }
  if (bytes->length < limits.min || bytes->length > limits.max) {
    snprintf(message, sizeof message, "%s has an impossible length", limits.name);
    napi_throw_range_error(env, NULL, message);
    return false;
  }
  bytes->data = data;
  return true;
}

bool read_number(napi_env env, napi_value value, Limits limits, uint32_t *number) {
  char message[80];
  double given = 0;
  if (napi_get_value_double(env, value, &given) != napi_ok) {
    snprintf(message, sizeof message, "%s must be a number", limits.name);
    napi_throw_type_error(env, NULL, message);
    return false;
  }
  // Written so that NaN fails too.
  if (!(given >= (double)limits.min && given <= (double)limits.max) || given != floor(given)) {
    snprintf(message, sizeof message, "%s is out of range", limits.name);
    napi_throw_range_error(env, NULL, message);
    return false;
  }
  *number = (uint32_t)given;
  return true;
}

void *read_handle(napi_env env, napi_value value, const napi_type_tag *tag) {
  napi_valuetype type;
  bool ours = false;
  void *pointer = NULL;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(env, value, tag, &ours) != napi_ok || !ours ||
      napi_get_value_external(env, value, &pointer) != napi_ok) {
    napi_throw_type_error(env, NULL, "not a key of this kind");
    return NULL;
  }
  return pointer;
}

napi_value create_handle(napi_env env, void *pointer, napi_finalize finalize,
                         const napi_type_tag *tag) {
  napi_value handle;
  if (napi_create_external(env, pointer, finalize, NULL, &handle) != napi_ok) {
    finalize(env, pointer, NULL);
    return fail(env, "no memory for a key");
  }
  // From here on the collector owns `pointer`; an untagged handle opens nothing.
  if (napi_type_tag_object(env, handle, tag) != napi_ok) return fail(env, "no memory for a key");
  return handle;
}

napi_value fail(napi_env env, const char *message) {
  ERR_clear_error();
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, NULL, message);
  return NULL;
}
