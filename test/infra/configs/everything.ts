import { defineConfig } from "@drift-guard/core/config";

/** Every option switched on, and AWS Batch in a second region. */
export default defineConfig({
  roles: {
    AWSBatchServiceRole: { rollback: { excess: "approve", missing: "automatic" } },
    ecsTaskExecutionRole: {
      paths: ["/", "/batch/", "/aws-service-role/batch.amazonaws.com/"],
      rollback: { missing: "approve" },
    },
    AWSServiceRoleForBatch: {
      required: false,
      paths: ["/", "/aws-service-role/batch.amazonaws.com/"],
      rollback: { excess: "automatic", missing: "automatic" },
    },
    "batch-job-*": { reference: "ecsTaskExecutionRole" },
  },
  regions: { guard: "us-east-1", batch: ["us-east-1", "eu-west-1"] },
  securityHub: true,
  emails: ["owner@example.com", "oncall@example.com"],
  sweepHours: 1,
  deployer: ["arn:aws:iam::*:role/ci/deploy-guard", "arn:aws:iam::*:user/releases"],
});
