// AES-256-GCM with the key schedule kept: seal and open in one call each.
#ifndef STRONGROOM_GCM_H
#define STRONGROOM_GCM_H

#include "arguments.h"

// gcmKey(key: 32 bytes): handle
napi_value gcm_key(napi_env env, napi_callback_info info);

// gcmSeal(handle, plaintext, aad): Buffer, laid out iv(12) | ciphertext | tag(16)
napi_value gcm_seal(napi_env env, napi_callback_info info);

// gcmOpen(handle, sealed, aad): Buffer | undefined
napi_value gcm_open(napi_env env, napi_callback_info info);

// gcmOpenText(handle, sealed, aad): string | undefined; the plaintext is UTF-8. Quicker than a
// Buffer that is then decoded, and no copy of the plaintext bytes is left behind.
napi_value gcm_open_text(napi_env env, napi_callback_info info);

#endif
