const UNKNOWN_CA = 'its CA is unknown, or an intermediate certificate is missing';
/** By the code of OpenSSL. */
const UNTRUSTED: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its CA is unknown'],
  ['UNABLE_TO_GET_ISSUER_CERT', UNKNOWN_CA],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', UNKNOWN_CA],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', UNKNOWN_CA],
  ['CERT_UNTRUSTED', UNKNOWN_CA],
]);
const INVALID: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'has expired'],
  ['CERT_NOT_YET_VALID', 'is not valid yet'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'is for another name'],
  ['HOSTNAME_MISMATCH', 'is for another name'],
  ['CERT_SIGNATURE_FAILURE', 'has a wrong signature'],
  ['CERT_REVOKED', 'was revoked'],
  ['CERT_REJECTED', 'is not meant for this purpose'],
  ['INVALID_PURPOSE', 'is not meant for this purpose'],
  ['INVALID_CA', 'was issued by a certificate that is no CA'],
  ['PATH_LENGTH_EXCEEDED', 'was issued by a certificate that is no CA'],
  ['CERT_CHAIN_TOO_LONG', 'has too long a chain'],
]);

/**
 * What is wrong with the certificate of a server, by the error of a TLS connection; undefined: nothing. `advice`: how to trust it.
 * The text repeats nothing of the certificate.
 */
export function describeCertificateFault(cause: unknown, advice: string): string | undefined {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const untrusted = UNTRUSTED.get(code);
  if (untrusted !== undefined) return `its certificate is not trusted: ${untrusted} (${advice})`;
  const invalid = INVALID.get(code);
  return invalid === undefined ? undefined : `its certificate ${invalid}`;
}
