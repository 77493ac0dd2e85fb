import { defineConfig } from "@drift-guard/core/config";

/** A guard that lives in another region than the one that IAM tells its events in. */
export default defineConfig({
  roles: { ecsTaskExecutionRole: {} },
  regions: { guard: "eu-central-1", batch: ["eu-central-1", "us-east-1", "us-east-1"] },
});
