export {
  AES_GCM_KEY_BYTES,
  AES_GCM_OVERHEAD_BYTES,
  type AesGcm,
  createAesGcm,
} from './aes-gcm.ts';
