/** Tells of files that could not be run at all: of everything else the scenarios tell themselves. */
export default class LoadFailures {
  onTestFileResult(_test, { testExecError, failureMessage, testFilePath }) {
    if (testExecError) process.stderr.write(`${testFilePath}: ${failureMessage ?? testExecError.message}\n`);
  }

  onRunComplete() {
    // The table comes from the outcomes.
  }
}
