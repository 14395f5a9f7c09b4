/** Routes for everybody. Add to this list only what needs no token for a reason. */
export const PUBLIC = [
  'GET /health',
  'GET /livez',
  'GET /readyz',
  'GET /metrics',
  'POST /api/v1/auth/token',
  // Clients show their own secret here, as RFC 7009 and RFC 7662 say.
  'POST /api/v1/auth/revoke',
  'POST /api/v1/auth/introspect',
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-authorization-server',
];
