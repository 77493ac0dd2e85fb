import { references } from "@drift-guard/core/references";
import { createAccount } from "@drift-guard/embedded/account";
import { stockShelf } from "@drift-guard/embedded/managed-policies";
import { describeIamAccount } from "../conformance/iam-account.ts";

describeIamAccount("The account in memory", {
  async open() {
    const account = createAccount({ shelf: stockShelf(references()) });
    const by = { kind: "user", name: "ada" } as const;
    return {
      account: account.account,
      call: async (call) => account.call(call, by),
      reader: account.reader(by),
      writer: account.writer(by),
      close: async () => {},
    };
  },
});
