/** Whether `npm start` (or `npm run start:prod`) runs this process, in a shell of npm's. */
export function isNpmStart(environment: NodeJS.ProcessEnv = process.env): boolean {
  return /^start\b/.test(environment.npm_lifecycle_event ?? '');
}
