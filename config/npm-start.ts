/** Whether `npm start` (or `npm run start:prod`) runs this process, in a shell that npm started. */
export function isNpmStart(environment: NodeJS.ProcessEnv = process.env): boolean {
  return /^start\b/.test(environment.npm_lifecycle_event ?? '');
}
