import zlib from 'node:zlib';
import { ACCEPTED_CODINGS, decodeAnswer } from './content-coding.js';

const TEXT = '{"a":1}';
/** A zstd frame with one block, which is not compressed: RFC 8878 section 3.1.1. */
const FRAME = Buffer.from(`28b52ffd2007390000${Buffer.from(TEXT).toString('hex')}`, 'hex');
const HAS_ZSTD = 'createZstdDecompress' in zlib;

describe('codings of answers', () => {
  it('are offered if they can be decoded: zstd where Node has it', async () => {
    const offered = ACCEPTED_CODINGS.split(', ');
    expect(offered).toEqual(['gzip', 'deflate', 'br', ...(HAS_ZSTD ? ['zstd'] : [])]);
    const decoded = decodeAnswer({ status: 200, headers: { 'content-encoding': 'zstd' }, body: FRAME }, 100);
    if (HAS_ZSTD) expect((await decoded).body.toString()).toBe(TEXT);
    else await expect(decoded).rejects.toMatchObject({ kind: 'undecodable', status: 200 });
  });

  it.each(['gzip', 'deflate', 'br'])('bound what %s becomes', async (coding) => {
    const compress = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync }[coding];
    const body = compress?.(Buffer.alloc(1_000_000)) ?? Buffer.alloc(0);
    const answer = { status: 200, headers: { 'content-encoding': coding }, body };
    await expect(decodeAnswer(answer, 1_000)).rejects.toMatchObject({ kind: 'too-large' });
    expect((await decodeAnswer(answer, 1_000_000)).body).toHaveLength(1_000_000);
  });
});
