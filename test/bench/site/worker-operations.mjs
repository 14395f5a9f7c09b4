/** Answers the requests of a `ChildWorker` in its process; ends with its parent. */
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
