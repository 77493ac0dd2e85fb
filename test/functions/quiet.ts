// Imported first: the handlers' logs and metrics would otherwise fill the output of the tests. None of the variables
// that the stack sets is set, and no credentials are.
Object.assign(process.env, { POWERTOOLS_LOG_LEVEL: "SILENT", POWERTOOLS_METRICS_DISABLED: "true" });
