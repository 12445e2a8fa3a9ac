// Strongroom's native help: what Node's own OpenSSL can do but node:crypto does not offer (signing
// a digest) or does slowly (small AES-GCM). It brings no cryptography of its own: every primitive
// is one that the running node binary exports. It reads no file, opens no socket, and keeps no
// global state, so it may be loaded in any number of threads; lanes.h starts some of its own.
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include "arguments.h"
#include "calls.h"
#include "gcm.h"
#include "keys.h"
#include "lanes.h"

// Raised with every change to what JavaScript sees; the loader refuses any other number.
#define INTERFACE_VERSION 1

static napi_property_descriptor method(const char *name, napi_callback callback) {
  napi_property_descriptor descriptor = {0};
  descriptor.utf8name = name;
  descriptor.method = callback;
  descriptor.attributes = napi_enumerable;
  return descriptor;
}

NAPI_MODULE_INIT() {
  napi_value version;
  // Built for one major version of OpenSSL, and never run on another.
  if (OPENSSL_version_major() != OPENSSL_VERSION_MAJOR) {
    return fail(env, "built for another OpenSSL");
  }
  if (!create_lanes(env)) return fail(env, "no memory for the module");
  napi_property_descriptor methods[] = {
      method("gcmKey", gcm_key),
      method("gcmSeal", gcm_seal),
      method("gcmOpen", gcm_open),
      method("gcmOpenText", gcm_open_text),
      method("importPrivateKey", import_private_key),
      method("importPublicKey", import_public_key),
      method("sign", sign_async),
      method("signSync", sign_sync),
      method("verify", verify_async),
      method("verifySync", verify_sync),
      method("decrypt", decrypt_async),
  };
  if (napi_create_uint32(env, INTERFACE_VERSION, &version) != napi_ok ||
      napi_set_named_property(env, exports, "interfaceVersion", version) != napi_ok ||
      napi_define_properties(env, exports, sizeof methods / sizeof methods[0], methods) !=
          napi_ok) {
    return fail(env, "the module could not be set up");
  }
  return exports;
}
