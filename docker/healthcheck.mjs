// Exits with 0 if /readyz of the service in this container is 200, otherwise with 1 and the reason. Waits up to three seconds.
import http from 'node:http';
import https from 'node:https';

const { APP_PORT = '8000', TLS_CERT_FILE = '' } = process.env;
const secure = TLS_CERT_FILE !== '';

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

// The certificate has the public host name, not the loopback.
const options = { host: '127.0.0.1', port: APP_PORT, path: '/readyz', timeout: 3000, rejectUnauthorized: false };
const request = (secure ? https : http).get(options, (response) => {
  let body = '';
  response.setEncoding('utf8').on('data', (text) => (body += text));
  response.on('end', () => {
    if (response.statusCode === 200) process.exit(0);
    fail(`${response.statusCode} ${body}`);
  });
});
request.on('timeout', () => fail('no answer in 3 s'));
request.on('error', ({ message }) => fail(message));
