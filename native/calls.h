// The operations as JavaScript calls them: at once, or on the lanes behind a promise.
#ifndef STRONGROOM_CALLS_H
#define STRONGROOM_CALLS_H

#include "arguments.h"

// sign(handle, scheme, hashBits, digest): Promise<Buffer>; signSync the same without the promise.
// hashBits is 0 (RSNULL), 256, 384 or 512.
napi_value sign_async(napi_env env, napi_callback_info info);
napi_value sign_sync(napi_env env, napi_callback_info info);

// verify(handle, scheme, hashBits, digest, signature): Promise<boolean>; verifySync.
napi_value verify_async(napi_env env, napi_callback_info info);
napi_value verify_sync(napi_env env, napi_callback_info info);

// decrypt(handle, scheme, hashBits, ciphertext): Promise<Buffer | undefined>; hashBits is OAEP's:
// 1 (SHA-1), 256, or 0 for RSA1_5.
napi_value decrypt_async(napi_env env, napi_callback_info info);

#endif
