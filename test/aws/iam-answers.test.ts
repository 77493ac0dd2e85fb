import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { IAMClient } from "@aws-sdk/client-iam";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import { createRoleWriter } from "@drift-guard/aws/iam/writer";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { Role, RoleReading } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import { account, allow } from "../builders.ts";
import { answerWhole, attachedXml, policyArn } from "./iam-answers.ts";
import { type Answer, type Call, type Responder, refusal, startResponder, xml } from "./responder.ts";
import { emulatedBy } from "./tables.ts";

/** Answers to calls that differ from a whole account's; each may be given several, the last one stays. */
type Differently = Readonly<Record<string, readonly (Answer | ((call: Call) => Answer))[]>>;

const denied = refusal("AccessDenied", "User: guard is not authorized", 403);
const gone = refusal("NoSuchEntity", "It cannot be found.", 404);
const noPolicies = xml("ListAttachedRolePolicies", "<AttachedPolicies/><IsTruncated>false</IsTruncated>");

describe("A role reader", () => {
  it("says which permission it lacks to read a role", async () => {
    for (const [call, permission] of [
      ["GetRole", "iam:GetRole"],
      ["ListAttachedRolePolicies", "iam:ListAttachedRolePolicies"],
      ["ListRolePolicies", "iam:ListRolePolicies"],
      ["GetRolePolicy", "iam:GetRolePolicy"],
    ] as const) {
      await withIam({ [call]: [denied] }, async (reader) => {
        await assert.rejects(reader.read("Batch"), (error) => {
          assert.ok(error instanceof RoleUnreadableError);
          assert.match(error.message, /The role Batch could not be read/);
          assert.ok(error.message.includes(`Allow ${permission} `), error.message);
          assert.ok(error.cause instanceof Error);
          return true;
        });
      });
    }
  });

  it("leaves a part that IAM denies unseen, with the permission that would show it", async () => {
    await withIam({ ListInstanceProfilesForRole: [denied], GetPolicyVersion: [denied] }, async (reader) => {
      const { profiles, attached, inline } = await readPresent(reader);
      assert.ok(!profiles.observed);
      assert.match(profiles.why, /Allow iam:ListInstanceProfilesForRole /);
      assert.ok(attached[0] && !attached[0].version.observed);
      assert.match(attached[0].version.why, new RegExp(`${policyArn}.*Allow iam:GetPolicyVersion `));
      assert.deepEqual(inline, [{ name: "extra", text: allow("s3:*") }]);
    });
  });

  it("waits throttling out", async () => {
    const throttled = refusal("Throttling", "Rate exceeded");
    await withIam(
      { GetRole: [throttled, answerWhole], GetPolicy: [throttled, answerWhole] },
      async (reader) => {
        assert.equal((await reader.read("Batch")).status, "present");
      },
    );
  });

  it("says so where throttling does not end, also for a part", async () => {
    await withIam(
      { ListInstanceProfilesForRole: [refusal("Throttling", "Rate exceeded")] },
      async (reader) => {
        await assert.rejects(reader.read("Batch"), {
          name: "RoleUnreadableError",
          message: /iam:ListInstanceProfilesForRole answered Throttling: Rate exceeded\. .*try again later/,
        });
      },
    );
  });

  it("reads again where a policy is deleted meanwhile, and finds it detached", async () => {
    await withIam(
      { GetPolicy: [gone], ListAttachedRolePolicies: [answerWhole, noPolicies] },
      async (reader) => {
        assert.deepEqual((await readPresent(reader)).attached, []);
      },
    );
  });

  it("leaves the document unseen where a policy is listed and not there, twice", async () => {
    await withIam({ GetPolicy: [gone] }, async (reader, { calls }) => {
      const { attached } = await readPresent(reader);
      assert.equal(attached[0]?.arn, policyArn);
      assert.ok(!attached[0].version.observed);
      assert.match(attached[0].version.why, /iam:GetPolicy answered NoSuchEntity/);
      assert.equal(calls.filter((call) => call === "GetRole").length, 2);
    });
  });

  it("gives a role that is deleted meanwhile as absent", async () => {
    await withIam({ GetRole: [answerWhole, gone], ListRolePolicies: [gone] }, async (reader) => {
      assert.deepEqual(await reader.read("Batch"), { status: "absent", account, name: "Batch" });
    });
  });

  it("never gives a role with one of its inline policies left out", async () => {
    await withIam({ GetRolePolicy: [gone] }, async (reader) => {
      await assert.rejects(reader.read("Batch"), {
        name: "RoleUnreadableError",
        message: /changed twice while it was read/,
      });
    });
  });

  it("puts the pages of a list together", async () => {
    const page = (arn: string, rest: string) =>
      xml("ListAttachedRolePolicies", `<AttachedPolicies>${attachedXml(arn)}</AttachedPolicies>${rest}`);
    const pages = ({ parameters }: Call) =>
      parameters.get("Marker") === "m1"
        ? page(`${policyArn}2`, "<IsTruncated>false</IsTruncated>")
        : page(policyArn, "<IsTruncated>true</IsTruncated><Marker>m1</Marker>");
    await withIam({ ListAttachedRolePolicies: [pages] }, async (reader) => {
      const { attached } = await readPresent(reader);
      assert.deepEqual(
        attached.map(({ arn }) => arn),
        [policyArn, `${policyArn}2`],
      );
    });
  });

  it("never takes half a list for a whole one", async () => {
    const half = xml("ListAttachedRolePolicies", "<AttachedPolicies/><IsTruncated>true</IsTruncated>");
    await withIam({ ListAttachedRolePolicies: [half] }, async (reader) => {
      await assert.rejects(reader.read("Batch"), {
        name: "RoleUnreadableError",
        message: /ListAttachedRolePolicies .*truncated/,
      });
    });
  });

  it("refuses an answer that makes no sense", async () => {
    const page = { status: 200, body: "<html>It works!</html>" };
    const empty = xml("GetRole", "<Role><RoleName>Batch</RoleName></Role>");
    for (const nonsense of [page, empty, { status: 200, body: "{" }, { status: 502, body: "Bad gateway" }]) {
      await withIam({ GetRole: [nonsense] }, async (reader) => {
        await assert.rejects(reader.read("Batch"), { name: "RoleUnreadableError", message: /GetRole/ });
      });
    }
  });

  it("refuses roles of another account than the one it was made for", async () => {
    const elsewhere = (call: Call) => {
      const { status, body } = answerWhole(call);
      return { status, body: body.replaceAll(account, "210987654321") };
    };
    await withIam({ GetRole: [elsewhere] }, async (reader) => {
      await assert.rejects(reader.read("Batch"), {
        name: "RoleUnreadableError",
        message: /210987654321:role\/Batch.*not in account 123456789012/,
      });
    });
  });

  it("fetches a version of a managed policy once, and asks for the default each time", async () => {
    await withIam({}, async (reader, { calls }) => {
      await Promise.all([reader.read("Batch"), reader.read("Other")]);
      await reader.read("Third");
      assert.equal(calls.filter((call) => call === "GetPolicy").length, 3);
      assert.equal(calls.filter((call) => call === "GetPolicyVersion").length, 1);
    });
  });

  it("reads a policy that no account page holds by itself", async () => {
    await withIam({}, async (reader) => {
      const [reading] = await collect(reader.readMany(["batch"]));
      assert.equal(reading?.status, "present");
      assert.deepEqual(reading.role.attached, [
        { arn: policyArn, version: { observed: true, value: { id: "v3", text: allow("batch:*") } } },
      ]);
    });
  });

  it("leaves description and longest session unseen where ListRoles is denied", async () => {
    await withIam({ ListRoles: [denied] }, async (reader) => {
      const [reading] = await collect(reader.readMany(["Batch"]));
      assert.equal(reading?.status, "present");
      const { description, maxSession } = reading.role;
      assert.ok(!description.observed && !maxSession.observed);
      assert.match(description.why, /Allow iam:ListRoles /);
    });
  });

  it("leaves them unseen as well where ListRoles does not show the role", async () => {
    const none = xml("ListRoles", "<Roles/><IsTruncated>false</IsTruncated>");
    await withIam({ ListRoles: [none] }, async (reader) => {
      const [reading] = await collect(reader.readMany(["Batch"]));
      assert.ok(reading?.status === "present" && !reading.role.maxSession.observed);
    });
  });

  it("says which permission it lacks to read the account", async () => {
    await withIam({ GetAccountAuthorizationDetails: [denied] }, async (reader) => {
      await assert.rejects(collect(reader.readMany(["Batch"])), {
        name: "RoleUnreadableError",
        message: /Allow iam:GetAccountAuthorizationDetails /,
      });
    });
  });

  it("says whose roles are unknown where it may not ask", async () => {
    await withIam({ ListEntitiesForPolicy: [denied] }, async (reader) => {
      await assert.rejects(reader.rolesBehind({ kind: "policy", arn: policyArn }), {
        name: "RoleUnreadableError",
        message: /behind the policy arn:.*Allow iam:ListEntitiesForPolicy /,
      });
    });
  });

  it("asks nothing about a policy of another account, another partition or no form", async () => {
    await withIam(
      { ListEntitiesForPolicy: [denied], GetInstanceProfile: [denied] },
      async (reader, { calls }) => {
        for (const arn of [
          "arn:aws:iam::999999999999:policy/x",
          `arn:aws-cn:iam::${account}:policy/x`,
          `arn:aws:iam::${account}:policy/a b`,
          "policy/x",
        ]) {
          assert.deepEqual(await reader.rolesBehind({ kind: "policy", arn }), []);
        }
        assert.deepEqual(await reader.rolesBehind({ kind: "profile", name: "a b" }), []);
        assert.deepEqual(calls, []);
      },
    );
  });

  it("finds no roles behind what IAM does not know or takes for no name", async () => {
    for (const code of ["NoSuchEntity", "ValidationError", "InvalidInput"]) {
      const no = refusal(code, "It is not valid.");
      await withIam({ ListEntitiesForPolicy: [no], GetInstanceProfile: [no] }, async (reader, { calls }) => {
        assert.deepEqual(await reader.rolesBehind({ kind: "policy", arn: policyArn }), []);
        assert.deepEqual(await reader.rolesBehind({ kind: "profile", name: "workers" }), []);
        assert.ok(calls.includes("GetInstanceProfile"));
      });
    }
  });
});

describe("A role writer", () => {
  it("tells a refusal from an answer that leaves open what was done", async () => {
    const step = { role: "Batch", part: "inline:x", call: "iam:DeleteRolePolicy", policyName: "x" } as const;
    for (const [answer, name] of [
      [denied, "StepRefusedError"],
      [refusal("Throttling", "Rate exceeded"), "StepRefusedError"],
      [refusal("ServiceFailure", "It broke.", 500), "StepUnansweredError"],
      [{ status: 200, body: "<html>" }, "StepUnansweredError"],
    ] as const) {
      await withIam({ DeleteRolePolicy: [answer] }, async (_reader, { endpoint }) => {
        const writer = createRoleWriter(new IAMClient(emulatedBy(endpoint)));
        await assert.rejects(writer.apply(step), { name, message: /iam:DeleteRolePolicy on the role Batch/ });
      });
    }
  });
});

async function withIam(
  differently: Differently,
  work: (reader: RoleReader, responder: Responder) => Promise<void>,
): Promise<void> {
  const answered = new Map<string, number>();
  const responder = await startResponder((call) => {
    const count = answered.get(call.action) ?? 0;
    answered.set(call.action, count + 1);
    const answers = differently[call.action] ?? [answerWhole];
    const answer = answers[Math.min(count, answers.length - 1)] ?? answerWhole;
    return typeof answer === "function" ? answer(call) : answer;
  });
  const client = new IAMClient({ ...emulatedBy(responder.endpoint), maxAttempts: 2 });
  try {
    await work(createRoleReader(client, { account, partition: "aws" }), responder);
  } finally {
    client.destroy();
    await responder.close();
  }
}

async function readPresent(reader: RoleReader): Promise<Role> {
  const reading = await reader.read("Batch");
  assert.equal(reading.status, "present");
  return reading.role;
}

async function collect(readings: AsyncIterable<RoleReading>): Promise<readonly RoleReading[]> {
  const collected: RoleReading[] = [];
  for await (const reading of readings) collected.push(reading);
  return collected;
}
