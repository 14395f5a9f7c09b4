import { signatureOf, signingKeyOf } from './webhook-signature.js';

describe('the signature of callbacks', () => {
  it('is that of Standard Webhooks', () => {
    // The test vector of its reference libraries.
    const key = signingKeyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(signatureOf(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('takes a secret in plain text for the key itself', () => {
    const text = 'a secret that is no base64 at all';
    expect(signingKeyOf(text).toString()).toBe(text);
    const coded = `whsec_${Buffer.from(text).toString('base64')}`;
    expect(signatureOf(signingKeyOf(coded), 'id', 1, 'ü')).toBe(signatureOf(signingKeyOf(text), 'id', 1, 'ü'));
  });
});
