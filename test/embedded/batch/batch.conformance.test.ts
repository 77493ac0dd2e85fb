import { createSimulatedBatch } from "@drift-guard/embedded/batch/batch";
import { createVirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount } from "@drift-guard/embedded/iam/account";
import { createIdGenerator } from "@drift-guard/embedded/iam/ids";
import { account, noon } from "../../builders.ts";
import { describeBatch } from "../../conformance/batch/batch.ts";

describeBatch("The simulated AWS Batch", async () => {
  const clock = createVirtualClock(noon);
  const ids = createIdGenerator();
  const iam = createSimulatedAccount({ account, clock, ids });
  const batch = createSimulatedBatch({ iam, clock, ids });
  return {
    call: (region, call) => batch.call(region, call, { kind: "root" }),
    iam: async (call) => {
      const answer = iam.call(call, { kind: "root" });
      if (answer.status === "refused") throw new Error(`${call.call}: ${answer.message}`);
    },
    reader: batch.reader,
    close: async () => {},
  };
});
