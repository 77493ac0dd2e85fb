import { defineConfig } from "@drift-guard/core/config";

/** A guard outside the region that IAM's events arrive in, with the essential alarms alone. */
export default defineConfig({
  roles: { ecsTaskExecutionRole: {} },
  regions: { guard: "eu-central-1", batch: ["eu-central-1", "us-east-1", "us-east-1"] },
  alarms: "essential",
});
