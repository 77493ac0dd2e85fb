import { defineConfig } from "@drift-guard/core/config";

/** The owner's choices: which roles are watched, how strictly, and what may be rolled back. */
export default defineConfig({
  roles: {
    AWSBatchServiceRole: {},
    AWSServiceRoleForBatch: { paths: ["/aws-service-role/batch.amazonaws.com/"] },
    ecsTaskExecutionRole: {},
  },
});
