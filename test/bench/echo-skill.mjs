/*
 * A minimal Skill: answers every call at once with its parameters, on a free port that it prints.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { parameters } = JSON.parse(Buffer.concat(chunks).toString());
    const body = JSON.stringify({ code: 0, message: 'success', data: { status: 'success', result: parameters } });
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      .end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
