/** How the functions' AWS clients wait and try again. */

/** Three tries of two seconds and the pauses between them fit into the default `commitBudgetMs`. */
export const clientOptions = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 1000,
    requestTimeout: 2000,
    throwOnRequestTimeout: true,
    // `requestTimeout` ends with the headers: an answer that stops in its middle would be waited for without end.
    socketTimeout: 2000,
  },
};
