import { registerAs } from '@nestjs/config';
import { IsInt, Length, Matches, Max, Min } from 'class-validator';
import { IsParsableUrl } from './parsable-url.js';
import { Setting, type SettingFault } from './setting.js';

/** Another identity provider (OpenID Connect), whose access tokens are accepted besides those of this service. */
export class OidcSettings {
  /** Its issuer identifier, exactly as in the `iss` of its tokens; plain http only on the loopback. Unset: none. */
  @Setting('SECURITY_OIDC_ISSUER', { example: 'https://id.example.com/realms/ooder' })
  @Matches(/^(https:\/\/[^\s/?#@]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(\/[^\s?#]*)?$/, {
    message: 'must be an https URL without query and credentials',
  })
  @IsParsableUrl()
  issuer?: string;

  /** Value that `aud` of its tokens must contain, so that tokens for other services are refused. */
  @Setting('SECURITY_OIDC_AUDIENCE', { example: 'ooder-skill' })
  @Length(1, 255, { message: 'must have 1 to 255 characters' })
  audience?: string;

  /** The claim with the role or roles, a text or a list; dots lead into objects. */
  @Setting('SECURITY_OIDC_ROLES_CLAIM', { example: 'realm_access.roles' })
  @Length(1, 255, { message: 'must have 1 to 255 characters' })
  rolesClaim?: string;

  /** The old name of that setting, used if the new one is not set. */
  @Setting('SECURITY_OIDC_ROLE_CLAIM', { example: 'realm_access.roles' })
  @Length(1, 255, { message: 'must have 1 to 255 characters' })
  roleClaim: string = 'role';

  /**
   * The claim with the Spaces that the caller is limited to, a text or a list, `*` for all; dots lead into objects. If set, a
   * token without the claim is refused. If unset, callers are not limited to Spaces.
   */
  @Setting('SECURITY_OIDC_SPACES_CLAIM', { example: 'ooder_spaces' })
  @Length(1, 255, { message: 'must have 1 to 255 characters' })
  spacesClaim?: string;

  /** Seconds from `iat` to `exp`; a token that lives longer is refused. */
  @Setting('SECURITY_OIDC_MAX_LIFETIME', { example: '86400' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(31_536_000, { message: 'must not be over 31536000' })
  maxLifetime: number = 86_400;

  /** Maps its roles to roles of this service. Unset: the same names. */
  @Setting('SECURITY_OIDC_ROLE_MAP', { example: 'registry-admins=admin,devs=publisher' })
  @Matches(/^[^=,]+=(admin|operator|publisher|agent|viewer)$/, {
    each: true,
    message: 'must be pairs NAME=ROLE with the roles admin, operator, publisher, agent and viewer',
  })
  roleMap: string[] = [];

  get rolePath(): string {
    return this.rolesClaim ?? this.roleClaim;
  }
}

export const oidcSettings = registerAs('oidc', () => new OidcSettings());

/** `ownIssuers`: what the `iss` of this service's own tokens can be; that of the provider must differ. */
export function checkOidc(
  { issuer, audience }: OidcSettings,
  ownIssuers: readonly (string | undefined)[],
  faults: SettingFault[],
): void {
  if (issuer === undefined) return;
  if (ownIssuers.includes(issuer)) {
    faults.push({
      variable: 'SECURITY_JWT_ISSUER',
      problem: 'must differ from SECURITY_OIDC_ISSUER',
      example: 'https://registry.example.com',
    });
  }
  if (audience !== undefined) return;
  faults.push({
    variable: 'SECURITY_OIDC_AUDIENCE',
    problem: 'is needed with SECURITY_OIDC_ISSUER',
    example: 'ooder-skill',
  });
}
