export { CatalogueChanges } from './catalogue-changes.js';
export { CatalogueMonitor } from './catalogue-monitor.js';
export { HotAnswers } from './hot-answers.js';
export { HotRoute } from './hot-route.decorator.js';
export type { ReadyAnswer } from './ready-answers.js';
export { SharedReads } from './shared-reads.js';
