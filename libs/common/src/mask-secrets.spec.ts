import { randomBytes } from 'node:crypto';
import { maskSecrets, maskValues, REDACTED } from './mask-secrets.js';

/** Of 43 characters, some of them such as somebody may encode. */
const random = () => `aA1_${randomBytes(30).toString('base64url').slice(0, 33)}_b-C_d`;
const SECRETS = {
  'an API key': `osk_${random()}`,
  'a signing secret': `whsec_${randomBytes(32).toString('base64')}`,
  'a client secret': random(),
  'a refresh token': `0190f6a0-0000-7000-8000-000000000001.${random()}`,
  'a token': 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl_bnVyIGVpbg-U2lnbmF0dXI_',
};

/** As a caller may write it: each character, or those that mean something. */
const everything = (text: string) => text.replace(/[^]/g, (each) => `%${each.charCodeAt(0).toString(16)}`);
const twice = (text: string) => everything(text).replaceAll('%', '%25');
const some = (text: string) => text.replace(/[_.-]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

describe('maskSecrets', () => {
  describe.each(Object.entries(SECRETS))('masks %s', (_, secret) => {
    const core = secret.slice(-20);
    it.each([
      ['in a path', `/api/v1/skills/${secret}/status`],
      ['in a query', `/nope?x=${secret}&y=1`],
      ['as the name of a parameter', `/nope?${secret}`],
      ['after an underscore or a hyphen, for what has a beginning', `/nope/my.key/${secret}`],
      ['all of it percent-encoded', `/nope/${everything(secret)}`],
      ['some of it percent-encoded', `/nope/${some(secret)}`],
      ['encoded twice', `/nope/${twice(secret)}`],
      ['beside another one', `/nope/${everything(secret)}/${SECRETS['an API key']}/${secret}`],
      ['beside what cannot be decoded', `/nope/%zz%ff/${some(secret)}`],
    ])('%s', (__, text) => {
      const masked = maskSecrets(text);
      expect(masked).toContain(REDACTED);
      for (const form of [core, everything(core), twice(core), some(core)]) expect(masked).not.toContain(form);
    });
  });

  it('masks what an operator chose, by its value', () => {
    const chosen = 'Correct+Horse/battery=staple';
    const text = (secret: string) => `/nope/${secret}/x`;
    expect(maskSecrets(text(chosen))).toBe(text(chosen));
    maskValues([chosen, undefined, 'short']);
    for (const form of [chosen, encodeURIComponent(chosen), everything(chosen), twice(chosen)]) {
      expect(maskSecrets(text(form))).toBe(text(REDACTED));
    }
    expect(maskSecrets('a short text')).toBe('a short text');
  });

  it.each([
    '/api/v1/skills/0190f6a0-0000-7000-8000-000000000001/status?name=%E5%A4%A9',
    '/api/v1/skills/discover?q=100%25%20sure&capability=weather-forecast-for-cities-and-villages',
    'registry_heartbeat_of_an_endpoint_with_a_long_name_that_goes_on',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'at CommandsService.executeEverythingThatWaitsInTheQueueNow (file.js:1:2)',
  ])('leaves %s as it is', (text) => {
    expect(maskSecrets(text)).toBe(text);
  });
});
