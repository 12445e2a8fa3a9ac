// What a JavaScript caller passes, checked before any of it is used. Every function here either
// fills its output or leaves a JavaScript exception pending and returns false (or NULL).
#ifndef STRONGROOM_ARGUMENTS_H
#define STRONGROOM_ARGUMENTS_H

#define NAPI_VERSION 8

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const uint8_t *data;  // May be NULL when length is 0.
  size_t length;
} Bytes;

typedef struct {
  const char *name;  // For the error message.
  size_t min;
  size_t max;
} Limits;

#define ARGUMENTS_MAX 5

// Exactly `count` arguments, else TypeError.
bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);

// A Buffer or typed array whose byte length lies within the limits. The memory belongs to
// JavaScript: it is valid until control returns there, so asynchronous work copies it.
bool read_bytes(napi_env env, napi_value value, Limits limits, Bytes *bytes);

// A whole number from 0 to `max`.
bool read_number(napi_env env, napi_value value, Limits limits, uint32_t *number);

// The pointer behind an external that was made with the same tag; nothing else is accepted.
void *read_handle(napi_env env, napi_value value, const napi_type_tag *tag);

// Wraps `pointer`, which `finalize` frees; on failure it is freed here.
napi_value create_handle(napi_env env, void *pointer, napi_finalize finalize,
                         const napi_type_tag *tag);

// Throws Error(message), forgets OpenSSL's own error queue, and returns NULL.
napi_value fail(napi_env env, const char *message);

#endif
