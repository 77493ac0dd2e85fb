import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { createVirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount } from "@drift-guard/embedded/iam/account";
import { listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import { noon } from "../../builders.ts";
import { describeIamAccount } from "../../conformance/iam/account.ts";

describeIamAccount("The simulated account", {
  async open() {
    const clock = createVirtualClock(noon);
    const account = createSimulatedAccount({ clock, awsPolicies: listAwsPolicies(builtInReferences()) });
    const by = { kind: "user", name: "ada" } as const;
    return {
      account: account.account,
      call: async (call) => account.call(call, by),
      reader: account.reader(by),
      policies: account.policyReader(),
      writer: account.writer(by),
      builder: account.builder(by),
      keeper: account.keeper(by),
      pass: (seconds) => clock.advance(seconds),
      close: async () => {},
    };
  },
});
