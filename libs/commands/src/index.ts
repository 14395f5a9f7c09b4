export { CommandsModule } from './commands.module.js';
export { ExecutionResponse } from './executions/execution.response.js';
export { CallbackEntity } from './callbacks/callback.entity.js';
export { ExecutionEntity } from './executions/execution.entity.js';
