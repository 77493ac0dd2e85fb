import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { builderRules } from "./builder-rules.ts";
import type { IamFixture, IamRule } from "./fixture.ts";
import { keeperRules } from "./keeper-rules.ts";
import { linkedRoleRules } from "./linked-role-rules.ts";
import { policyRules } from "./policy-rules.ts";
import { portRules } from "./port-rules.ts";
import { roleRules } from "./role-rules.ts";

const rules = {
  ...portRules,
  ...roleRules,
  ...policyRules,
  ...linkedRoleRules,
  ...keeperRules,
  ...builderRules,
};

/** The name of a rule. */
type IamRuleName = keyof typeof rules;

/** An implementation of an IAM account, and the rules that it breaks. */
export interface IamAccountUnderTest {
  open(): Promise<IamFixture>;
  /** Rules that the implementation breaks, with the reason. They run too, and fail once the implementation keeps them. */
  readonly knownDifferences?: Partial<Record<IamRuleName, string>>;
}

/** Tests an IAM account with its reader, writer, builder and keeper against IAM's rules. */
export function describeIamAccount(name: string, account: IamAccountUnderTest): void {
  describe(`${name} as an IAM account`, () => {
    const knownDifferences = new Map(Object.entries(account.knownDifferences ?? {}));
    let iam: IamFixture;
    before(async () => {
      iam = await account.open();
    });
    after(async () => {
      await iam.close();
    });

    for (const [rule, check] of Object.entries<IamRule>(rules)) {
      const reason = knownDifferences.get(rule);
      if (reason === undefined) it(rule, () => check(iam));
      // An outdated entry fails here, and can be removed.
      else it(`breaks "${rule}": ${reason}`, () => assert.rejects(check(iam), assert.AssertionError));
    }
  });
}
