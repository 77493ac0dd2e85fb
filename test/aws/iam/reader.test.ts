import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { Role, RoleReading } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import { account, allow } from "../../builders.ts";
import { type Call, type Responder, refusal, xml } from "../responder.ts";
import { type AnswersByAction, answerWhole, attachedXml, policyArn, roleXml, withIam } from "./answers.ts";

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
      await withReader({ [call]: [denied] }, async (reader) => {
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
    await withReader(
      { ListInstanceProfilesForRole: [denied], GetPolicyVersion: [denied] },
      async (reader) => {
        const { profiles, attached, inline } = await readPresent(reader);
        assert.ok(!profiles.observed);
        assert.match(profiles.why, /Allow iam:ListInstanceProfilesForRole /);
        assert.ok(attached[0] && !attached[0].version.observed);
        assert.match(attached[0].version.why, new RegExp(`${policyArn}.*Allow iam:GetPolicyVersion `));
        assert.deepEqual(inline, [{ name: "extra", text: allow("s3:*") }]);
      },
    );
  });

  it("waits throttling out", async () => {
    const throttled = refusal("Throttling", "Rate exceeded");
    await withReader(
      { GetRole: [throttled, answerWhole], GetPolicy: [throttled, answerWhole] },
      async (reader) => {
        assert.equal((await reader.read("Batch")).status, "present");
      },
    );
  });

  it("says so where throttling does not end, also for a part", async () => {
    await withReader(
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
    await withReader(
      { GetPolicy: [gone], ListAttachedRolePolicies: [answerWhole, noPolicies] },
      async (reader) => {
        assert.deepEqual((await readPresent(reader)).attached, []);
      },
    );
  });

  it("leaves the document unseen where a policy is listed and not there, twice", async () => {
    await withReader({ GetPolicy: [gone] }, async (reader, { calls }) => {
      const { attached } = await readPresent(reader);
      assert.equal(attached[0]?.arn, policyArn);
      assert.ok(!attached[0].version.observed);
      assert.match(attached[0].version.why, /iam:GetPolicy answered NoSuchEntity/);
      assert.equal(calls.filter((call) => call === "GetRole").length, 2);
    });
  });

  it("gives a role that is deleted meanwhile as absent", async () => {
    await withReader({ GetRole: [answerWhole, gone], ListRolePolicies: [gone] }, async (reader) => {
      assert.deepEqual(await reader.read("Batch"), { status: "absent", account, name: "Batch" });
    });
  });

  it("never gives a role with one of its inline policies left out", async () => {
    await withReader({ GetRolePolicy: [gone] }, async (reader) => {
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
    await withReader({ ListAttachedRolePolicies: [pages] }, async (reader) => {
      const { attached } = await readPresent(reader);
      assert.deepEqual(
        attached.map(({ arn }) => arn),
        [policyArn, `${policyArn}2`],
      );
    });
  });

  it("never takes half a list for a whole one", async () => {
    const half = xml("ListAttachedRolePolicies", "<AttachedPolicies/><IsTruncated>true</IsTruncated>");
    await withReader({ ListAttachedRolePolicies: [half] }, async (reader) => {
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
      await withReader({ GetRole: [nonsense] }, async (reader) => {
        await assert.rejects(reader.read("Batch"), { name: "RoleUnreadableError", message: /GetRole/ });
      });
    }
  });

  it("refuses roles of another account than the one it was made for", async () => {
    const elsewhere = (call: Call) => {
      const { status, body } = answerWhole(call);
      return { status, body: body.replaceAll(account, "210987654321") };
    };
    await withReader({ GetRole: [elsewhere] }, async (reader) => {
      await assert.rejects(reader.read("Batch"), {
        name: "RoleUnreadableError",
        message: /210987654321:role\/Batch.*not in account 123456789012/,
      });
    });
  });

  it("fetches a version of a managed policy once, and asks for the default each time", async () => {
    await withReader({}, async (reader, { calls }) => {
      await Promise.all([reader.read("Batch"), reader.read("Other")]);
      await reader.read("Third");
      assert.equal(calls.filter((call) => call === "GetPolicy").length, 3);
      assert.equal(calls.filter((call) => call === "GetPolicyVersion").length, 1);
    });
  });

  it("reads a policy that no account page holds by itself", async () => {
    await withReader({}, async (reader) => {
      const [reading] = await collect(reader.readMany(["batch"]));
      assert.equal(reading?.status, "present");
      assert.deepEqual(reading.role.attached, [
        { arn: policyArn, version: { observed: true, value: { id: "v3", text: allow("batch:*") } } },
      ]);
    });
  });

  it("leaves description and maximum session unseen in account pages, and asks no other call for them", async () => {
    await withReader({}, async (reader, { calls }) => {
      const [reading] = await collect(reader.readMany(["Batch"]));
      assert.equal(reading?.status, "present");
      const { description, maxSession } = reading.role;
      assert.ok(!description.observed && !maxSession.observed);
      assert.match(description.why, /GetRole does/);
      assert.ok(!calls.includes("ListRoles") && !calls.includes("GetRole"));
    });
  });

  it("takes a maximum session of 3,600 seconds where GetRole names none", async () => {
    const without = xml("GetRole", `<Role>${roleXml("Batch")}</Role>`);
    await withReader({ GetRole: [without] }, async (reader) => {
      const reading = await reader.read("Batch");
      assert.ok(reading.status === "present");
      assert.deepEqual(reading.role.maxSession, { observed: true, value: 3600 });
    });
  });

  it("says which permission it lacks to read the account", async () => {
    await withReader({ GetAccountAuthorizationDetails: [denied] }, async (reader) => {
      await assert.rejects(collect(reader.readMany(["Batch"])), {
        name: "RoleUnreadableError",
        message: /Allow iam:GetAccountAuthorizationDetails /,
      });
    });
  });

  it("says whose roles are unknown where it may not ask", async () => {
    await withReader({ ListEntitiesForPolicy: [denied] }, async (reader) => {
      await assert.rejects(reader.rolesBehind({ kind: "policy", arn: policyArn }), {
        name: "RoleUnreadableError",
        message: /behind the policy arn:.*Allow iam:ListEntitiesForPolicy /,
      });
    });
  });

  it("asks nothing about a policy of another account, another partition or no form", async () => {
    await withReader(
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
      await withReader(
        { ListEntitiesForPolicy: [no], GetInstanceProfile: [no] },
        async (reader, { calls }) => {
          assert.deepEqual(await reader.rolesBehind({ kind: "policy", arn: policyArn }), []);
          assert.deepEqual(await reader.rolesBehind({ kind: "profile", name: "workers" }), []);
          assert.ok(calls.includes("GetInstanceProfile"));
        },
      );
    }
  });
});

async function withReader(
  answers: AnswersByAction,
  work: (reader: RoleReader, responder: Responder) => Promise<void>,
): Promise<void> {
  await withIam(answers, (client, responder) =>
    work(createRoleReader(client, { account, partition: "aws" }), responder),
  );
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
