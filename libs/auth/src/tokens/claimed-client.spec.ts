import type { FastifyRequest } from 'fastify';
import { readBasic, readClaimedClient } from './claimed-client.js';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('what a token request claims', () => {
  it.each([
    ['id:secret', { clientId: 'id', secret: 'secret', isEncoded: true }],
    ['my+id%3A1:a:b%20+c', { clientId: 'my id:1', secret: 'a:b  c', isEncoded: true }],
    ['id', { clientId: 'id', secret: '', isEncoded: true }],
    [':', { clientId: '', secret: '', isEncoded: true }],
    ['100%:secret', { clientId: '100%', secret: 'secret', isEncoded: false }],
    ['id:50%zz', { clientId: 'id', secret: '50%zz', isEncoded: false }],
  ])('is %s by HTTP Basic', (text, credentials) => {
    expect(readBasic(basic(text))).toEqual(credentials);
    expect(readBasic(basic(text).replace('Basic ', 'bASIC   '))).toEqual(credentials);
  });

  it.each([undefined, '', 'Basic', 'Basic ', 'Bearer aWQ6c2VjcmV0', 'x Basic aWQ6'])('is nothing by %p', (header) => {
    expect(readBasic(header)).toBeUndefined();
  });

  it.each<[string | undefined, unknown, string | undefined, string | undefined]>([
    [undefined, { client_id: 'id', client_secret: 's' }, 'id', 's'],
    [basic('other:t'), { client_id: 'id', client_secret: 's' }, 'other', 't'],
    [basic(':t'), { client_id: 'id' }, undefined, 't'],
    [undefined, { client_id: '', client_secret: ['s'] }, undefined, undefined],
    [undefined, null, undefined, undefined],
    [undefined, 'client_id', undefined, undefined],
  ])('by %p and the body %j', (authorization, body, clientId, secret) => {
    expect(readClaimedClient({ headers: { authorization }, body } as FastifyRequest)).toEqual({ clientId, secret });
  });
});
