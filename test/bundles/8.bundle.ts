import { importBundle } from './bundle.js';

await importBundle(import.meta.url);
