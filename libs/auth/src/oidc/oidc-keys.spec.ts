import { SchedulerRegistry } from '@nestjs/schedule';
import { OidcSettings } from '#config';
import { type AddressLookup, SettingsClient } from '#outbound';
import { OidcIssuer } from '../../../../test/support/oidc-issuer.js';
import { endOutbound, outboundClient } from '../../../../test/support/outbound.js';
import { OidcKeys } from './oidc-keys.js';

describe('OidcKeys', () => {
  let issuer: OidcIssuer;
  let own: SettingsClient;
  beforeEach(async () => {
    issuer = await OidcIssuer.start();
    await issuer.addKey('one');
    own = new SettingsClient();
  });
  afterEach(async () => {
    own.onApplicationShutdown();
    endOutbound();
    await issuer.stop();
  });

  /** Asks an issuer on 127.0.0.1 for a key, which says that its keys are on this host. */
  async function ask(host: string, allowedCidrs: string[]) {
    issuer.answers['/.well-known/openid-configuration'] = (response) =>
      response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: issuer.url.replace('127.0.0.1', host) + '/keys' }));
    const lookup: AddressLookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    const { client, valueOf } = outboundClient({ allowedCidrs }, lookup);
    const settings = Object.assign(new OidcSettings(), { issuer: issuer.url });
    const keys = new OidcKeys(settings, new SchedulerRegistry(), own, client);
    const isFound = await keys.find({ alg: 'RS256', kid: 'one' }, { payload: '', signature: '' }).then(
      () => true,
      () => false,
    );
    return { isFound, asked: issuer.asked['/keys'] ?? 0, refusals: await valueOf('outbound_refusals_total') };
  }

  it('asks the host of the issuer, wherever the setting puts it', async () => {
    expect(await ask('127.0.0.1', [])).toEqual({ isFound: true, asked: 1, refusals: 0 });
  });

  it.each(['keys.example.com', 'localhost', '127.0.0.2', '[::1]', '[::ffff:127.0.0.1]', '10.0.0.1', '169.254.169.254'])(
    'does not ask %s, which no setting names, as an address within the network',
    async (host) => {
      expect(await ask(host, [])).toEqual({ isFound: false, asked: 0, refusals: 1 });
    },
  );

  it('asks another host within networks that are allowed for registered addresses', async () => {
    expect(await ask('keys.example.com', ['127.0.0.0/8'])).toEqual({ isFound: true, asked: 1, refusals: 0 });
  });
});
