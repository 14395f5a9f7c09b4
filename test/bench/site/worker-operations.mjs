/** Answers what a `ChildWorker` asks, in the process that it has started; ends with its parent. */
export function serve(operations) {
  process.on('message', async ({ id, operation, ...input }) => {
    try {
      process.send({ id, result: await operations[operation](input) });
    } catch (error) {
      process.send({ id, fault: String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
}
