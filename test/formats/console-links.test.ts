import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findConsoleLinks } from "@drift-guard/formats/console-links";
import { aFinding, aKey, anAttempt, noon } from "../builders.ts";
import { evil } from "./transitions.ts";

const origin = { changeId: "6c1eed73-00ee-4810-8009-c9ce5990c100", call: "iam:PutRolePolicy", at: noon };
const linksIn = (partition: string, region: string, over: Parameters<typeof aFinding>[0] = {}) =>
  findConsoleLinks(
    aFinding({
      arn: `arn:${partition}:iam::123456789012:role/x`,
      origin: { ...origin, region },
      ...over,
    }),
  );

describe("the links of a finding", () => {
  it("are in the console of its partition", () => {
    assert.deepEqual(linksIn("aws-cn", "cn-north-1"), {
      role: "https://console.amazonaws.cn/iam/home#/roles/details/AWSBatchServiceRole",
      event:
        "https://cn-north-1.console.amazonaws.cn/cloudtrailv2/home?region=cn-north-1#/events/6c1eed73-00ee-4810-8009-c9ce5990c100",
    });
    assert.match(
      linksIn("aws-us-gov", "us-gov-west-1").role ?? "",
      /^https:\/\/console\.amazonaws-us-gov\.com\//,
    );
    assert.deepEqual(linksIn("aws-iso", "us-iso-east-1"), {});
  });

  it("lead to the refused call of an attempt, in the Region that has IAM's calls", () => {
    assert.equal(
      findConsoleLinks(aFinding({ evidence: anAttempt() })).event,
      "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/6c1eed73-00ee-4810-8009-c9ce5990c100",
    );
  });

  it("hold the role's name encoded", () => {
    assert.equal(
      linksIn("aws", "us-east-1", { role: aKey({ name: "a_b+c=d,e.f@g-h" }) }).role,
      "https://console.aws.amazon.com/iam/home#/roles/details/a%5Fb%2Bc%3Dd%2Ce%2Ef%40g-h",
    );
  });

  it("lead nowhere else, whatever a forged event or item says", () => {
    assert.equal(linksIn("aws", "evil.example/").event, undefined);
    for (const text of [evil, "../../evil", "a/b", "\ud800", "x".repeat(65), ""]) {
      const forged = linksIn("aws", "us-east-1", {
        role: aKey({ name: text }),
        origin: { ...origin, changeId: text, region: "us-east-1" },
      });
      assert.deepEqual(forged, {});
    }
  });
});
