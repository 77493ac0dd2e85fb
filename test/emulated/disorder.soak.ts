import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { doubled, dropping, inSequence, reversed } from "@drift-guard/local/recorder/disorder";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, startGuardedAccount, until } from "./account.ts";
import { areResolved, assertRolledBack, causeDrift, drifts, historyOf } from "./two-drifts.ts";

describeEmulated(
  "A detached policy and an opened trust, with events duplicated and reversed, and one lost",
  () => {
    let account: GuardedAccount;
    before(async () => {
      account = await startGuardedAccount();
      account.local.recorder.hold();
      await causeDrift(account);
      await account.local.recorder.release(
        inSequence(
          doubled,
          reversed,
          dropping(({ eventName }) => eventName === "UpdateAssumeRolePolicy"),
        ),
      );
      account.local.recorder.disturb({ disorder: inSequence(doubled, reversed) });
    });
    after(() => account.stop());

    it("end in the same state, and the sweep finds the lost one", async () => {
      const first = await until(
        "the reported drift to be resolved",
        () => drifts(account),
        ([only]) => only?.state === "resolved",
      );
      assert.equal(first.length, 1, "no event reported the other");
      await account.sweep();
      const findings = await until("both findings to be resolved", () => drifts(account), areResolved);
      await assertRolledBack(account);
      const swept = findings.find(({ evidence }) => evidence.part.kind === "trust");
      assert.ok(swept);
      assert.deepEqual((await historyOf(account, swept))[0], "opened by sweep");
    });
  },
);
