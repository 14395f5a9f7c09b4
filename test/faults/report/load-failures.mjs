/** Reports files that could not be run. The scenarios report everything else themselves. */
export default class LoadFailures {
  onTestFileResult(_test, { testExecError, failureMessage, testFilePath }) {
    if (testExecError) process.stderr.write(`${testFilePath}: ${failureMessage ?? testExecError.message}\n`);
  }

  onRunComplete() {
    // The table comes from the outcomes.
  }
}
