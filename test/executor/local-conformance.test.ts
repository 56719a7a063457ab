import { local } from 'lastbyte';
import { executorSuite, sharedExecutorSuite } from '../conformance/executor-suite.js';
import { opened } from '../support/executors.js';

executorSuite('an executor of its own', async (options) => opened(options));
executorSuite('an executor with a queue', async (options) => opened({ maxLive: 1000, ...options }));
sharedExecutorSuite('local', async () => local);
