import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
  type JWK,
  type JWTPayload,
  type JWTVerifyOptions,
} from 'jose';

/** An RS256 key that issues tokens and tells its own tokens from others. */
export interface SigningKey {
  /** The public half as a JSON Web Key Set. */
  readonly keySet: { readonly keys: readonly JWK[] };
  sign(claims: JWTPayload): Promise<string>;
  /** The claims; throws jose's errors when the signature, the time or a named claim is wrong. */
  verify(token: string, options?: JWTVerifyOptions): Promise<JWTPayload>;
}

export async function createSigningKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return {
    keySet: { keys: [{ ...jwk, kid, use: 'sig', alg: 'RS256' }] },
    sign: (claims) =>
      new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid }).sign(privateKey),
    verify: async (token, options) => (await jwtVerify(token, publicKey, options)).payload,
  };
}

/** Seconds since the epoch, as JWT has it. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
