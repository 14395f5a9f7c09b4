import { signWebhook, parseSigningKey } from './webhook-signature.js';

describe('the signature of callbacks', () => {
  it('is that of Standard Webhooks', () => {
    // The test vector of its reference libraries.
    const key = parseSigningKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(signWebhook(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('takes a secret in plain text for the key itself', () => {
    const text = 'a secret that is no base64 at all';
    expect(parseSigningKey(text).toString()).toBe(text);
    const coded = `whsec_${Buffer.from(text).toString('base64')}`;
    expect(signWebhook(parseSigningKey(coded), 'id', 1, 'ü')).toBe(signWebhook(parseSigningKey(text), 'id', 1, 'ü'));
  });
});
