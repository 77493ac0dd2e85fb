import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { IamDoor, IamRule } from "./door.ts";
import { keeperRules } from "./keeper-rules.ts";
import { linkedRoleRules } from "./linked-role-rules.ts";
import { policyRules } from "./policy-rules.ts";
import { portRules } from "./port-rules.ts";
import { roleRules } from "./role-rules.ts";

const rules = { ...portRules, ...roleRules, ...policyRules, ...linkedRoleRules, ...keeperRules };

/** The name of a rule, which is its sentence. */
type IamRuleName = keyof typeof rules;

/** An implementation that the suite can open. */
export interface IamAccountUnderTest {
  open(): Promise<IamDoor>;
  /** Rules that the implementation is known to break, each with the reason. They run, and must still be broken. */
  readonly differs?: Partial<Record<IamRuleName, string>>;
}

/** Holds an IAM account, its reader and its writer to IAM's own rules. */
export function describeIamAccount(name: string, account: IamAccountUnderTest): void {
  describe(`${name} as an IAM account`, () => {
    const differs = new Map(Object.entries(account.differs ?? {}));
    let door: IamDoor;
    before(async () => {
      door = await account.open();
    });
    after(async () => {
      await door.close();
    });

    for (const [sentence, keep] of Object.entries<IamRule>(rules)) {
      const reason = differs.get(sentence);
      if (reason === undefined) it(sentence, () => keep(door));
      // An entry that is no longer true shows itself, and can go.
      else
        it(`does not keep "${sentence}": ${reason}`, () => assert.rejects(keep(door), assert.AssertionError));
    }
  });
}
