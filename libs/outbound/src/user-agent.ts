import { AppSettings } from '#config';

/** How this service calls itself in its requests (RFC 9110 section 10.1.5). The default of APP_VERSION is the version of this product. */
export const USER_AGENT = `ooder-skill/${new AppSettings().version}`;
