import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSymptom } from "@drift-guard/core/intake/symptom";
import fc from "fast-check";
import { account, noon } from "../../builders.ts";

describe("reading a symptom", () => {
  it("leads from a job of another service to the service-linked role for such jobs", () => {
    const detail = {
      serviceJobId: "1",
      jobName: "train",
      status: "FAILED",
      statusReason: "AccessDenied: not authorized",
    };
    const read = readSymptom({
      "detail-type": "Batch Service Job State Change",
      time: noon,
      account,
      detail,
    });
    assert.ok("subjects" in read);
    assert.deepEqual(read.subjects, [{ kind: "role", name: "AWSServiceRoleForAWSBatchWithSagemaker" }]);
  });

  it("reads an event of any shape without throwing", () => {
    const anything = fc.object({
      key: fc.constantFrom("status", "statusReason", "container", "attempts", "jobQueue", "reason"),
    });
    fc.assert(
      fc.property(fc.oneof(anything, fc.anything()), (detail) => {
        readSymptom({ "detail-type": "Batch Job State Change", time: noon, detail });
        readSymptom({ "detail-type": "Batch Job Queue Blocked", time: noon, detail });
      }),
    );
  });
});
