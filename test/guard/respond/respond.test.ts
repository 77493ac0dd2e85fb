import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { writeAcceptedDrift } from "@drift-guard/core/config/accepted-drift";
import { type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import type { Actor } from "@drift-guard/core/model/actor";
import type { Control } from "@drift-guard/core/model/control";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Answer } from "@drift-guard/core/respond/answer";
import type { Person } from "@drift-guard/core/respond/person";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import type { GivenAnswer, GuardSettings } from "@drift-guard/guard/ports";
import { respond } from "@drift-guard/guard/respond/respond";
import { account, aDrift, noon } from "../../builders.ts";
import { anAnswer, deployment, evidence, finding, hoursLater, role } from "../../core/respond/answers.ts";

const ops = `arn:aws:iam::${account}:role/people/ops`;
const session = (name: string, of = "ops"): Person => ({
  arn: `arn:aws:sts::${account}:assumed-role/${of}/${name}`,
  principal: `arn:aws:iam::${account}:role/people/${of}`,
  userId: `AROA${of}:${name}`,
});
const anna = session("anna", "auditors");
const key = { account, name: role };

/** Opens a guard that guards the role with these choices, and a control record with these causes. */
async function open({
  rollback = { excess: "approve" },
  exceptions = [],
  causes = [],
  attempts = [],
}: {
  readonly rollback?: object;
  readonly exceptions?: NonNullable<ConfigInput["exceptions"]>;
  readonly attempts?: Control["attempts"];
  readonly causes?: readonly Control["causes"][number][];
} = {}) {
  const settings: GuardSettings = {
    config: defineConfig({ roles: { [role]: { rollback } }, exceptions }),
    account,
    partition: "aws",
  };
  const control = createControlStore(openDatabase(":memory:"));
  const before = await control.load(key);
  if (causes.length + attempts.length > 0) {
    await control.commit({ before, after: { ...before, causes, attempts } });
  }
  const told: GivenAnswer[] = [];
  const asked: unknown[] = [];
  let now = noon;
  const ports = {
    control,
    rechecks: { schedule: async (recheck: unknown) => void asked.push({ recheck }) },
    requests: { send: async (request: unknown) => void asked.push(request) },
    tell: async (given: GivenAnswer) => void told.push(given),
    now: () => new Date(now),
  };
  return {
    told,
    asked,
    control: () => control.load(key),
    waitUntil: (time: string) => {
      now = instantOf(new Date(time));
    },
    give: (answer: Answer, person = anna) => respond(answer, person, ports, settings),
    failing: { ...ports, tell: () => Promise.reject(new Error("The topic is gone.")) },
    settings,
  };
}

const causedBy = (actor: Partial<Actor>, undoneBy?: string): Control["causes"][number] => ({
  findingId: finding,
  digest: evidence,
  changeId: "change-1",
  call: "iam:PutRolePolicy",
  at: noon,
  actor: { type: "AssumedRole", ...actor },
  ...(undoneBy !== undefined && { undoneBy }),
});
const mallory = causedBy({ arn: session("mallory").arn, issuer: ops, session: "mallory" });

type Opened = Awaited<ReturnType<typeof open>>;

async function refusalOf({ give }: Opened, answer: Answer, person?: Person): Promise<string> {
  const outcome = await give(answer, person);
  return outcome.status === "refused" ? outcome.reason : assert.fail(`${answer.verb} was recorded`);
}

async function expectRecorded({ give }: Opened, answer: Answer, person?: Person): Promise<void> {
  const outcome = await give(answer, person);
  assert.deepEqual(outcome, {
    status: "recorded",
    at: "2026-11-22T12:00:00.000Z",
    by: (person ?? anna).arn,
    warnings: [],
  });
}

describe("an approval", () => {
  it("is recorded with the steps, the person's ARN and user id, and asks rollback for a try at once", async () => {
    const guard = await open({ causes: [mallory] });
    const answer = anAnswer("approve");
    await expectRecorded(guard, answer);
    const [approval, ...others] = (await guard.control()).approvals;
    assert.deepEqual(others, []);
    assert.equal(approval?.by, anna.arn);
    assert.equal(approval?.userId, anna.userId);
    assert.equal(approval?.findingId, finding);
    assert.equal(approval?.digest, evidence);
    assert.deepEqual(approval?.plan, answer.plan);
    assert.deepEqual(guard.asked, [
      { retry: { role, due: "2026-11-22T12:00:00.000Z", findings: [finding] } },
    ]);
    assert.deepEqual(
      guard.told.map(({ person }) => person.arn),
      [anna.arn],
    );
  });

  it("is refused by the drift's actor under another session name", async () => {
    const guard = await open({ causes: [mallory] });
    const reason = await refusalOf(guard, anAnswer("approve"), session("another-name"));
    assert.match(
      reason,
      /role\/people\/ops made the change behind the finding \(iam:PutRolePolicy, .*\): another person/,
    );
    assert.deepEqual((await guard.control()).approvals, []);
    assert.deepEqual(guard.told, []);
  });

  it("tells people of one role of IAM Identity Center apart by their session names", async () => {
    const issuer = `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_1`;
    const user = (name: string): Person => ({ ...session(name, "AWSReservedSSO_Ops_1"), principal: issuer });
    const made = causedBy({ arn: user("mallory@x.org").arn, issuer, session: "mallory@x.org" });
    const guard = await open({ causes: [made] });
    assert.match(await refusalOf(guard, anAnswer("approve"), user("mallory@x.org")), /another person/);
    await expectRecorded(guard, anAnswer("approve"), user("anna@x.org"));
  });

  it("is refused by a person whom the owner does not list", async () => {
    const guard = await open({
      rollback: { excess: "approve", approvers: [`arn:aws:iam::${account}:role/people/auditors`] },
    });
    assert.match(await refusalOf(guard, anAnswer("approve"), session("bob")), /not among the approvers/);
    await expectRecorded(guard, anAnswer("approve"));
  });

  it("is refused for roles that the guard never writes, for steps on another role, and for more than seven days", async () => {
    const guard = await open();
    assert.match(await refusalOf(guard, anAnswer("approve", { role: "other" })), /does not name other/);
    assert.match(await refusalOf(await open({ rollback: {} }), anAnswer("approve")), /in no case/);
    const { plan } = anAnswer("approve");
    const [step] = plan.steps;
    const elsewhere = { ...plan, steps: [{ ...step, role: "victim", part: "inline:extra" }] };
    assert.match(await refusalOf(guard, anAnswer("approve", { plan: elsewhere })), /another role, victim/);
    assert.match(
      await refusalOf(guard, anAnswer("approve", { expires: hoursLater(24 * 8) })),
      /at most 7 days/,
    );
    assert.match(
      await refusalOf(guard, anAnswer("approve", { expires: hoursLater(-1) })),
      /must end in the future/,
    );
  });

  it("is refused by the guard's own functions", async () => {
    const guard = await open();
    const own = { ...session("x"), principal: `arn:aws:iam::${account}:role/drift-guard-test-rollback` };
    assert.match(await refusalOf(guard, anAnswer("approve"), own), /role of the guard itself/);
    assert.ok(deployment.endsWith("drift-guard-test-respond"));
  });
});

describe("an exception", () => {
  it("is recorded with its owner and end, and has the role read again", async () => {
    const guard = await open();
    await expectRecorded(guard, anAnswer("suppress"));
    assert.deepEqual((await guard.control()).exceptions, [
      {
        findingId: finding,
        digest: evidence,
        owner: anna.arn,
        userId: anna.userId,
        reason: "known",
        at: "2026-11-22T12:00:00.000Z",
        expires: hoursLater(24),
      },
    ]);
    assert.deepEqual(guard.asked, [{ recheck: { role, decided: true } }]);
  });

  it("is refused by the drift's actor, and for more than a year", async () => {
    const guard = await open({ causes: [mallory] });
    assert.match(await refusalOf(guard, anAnswer("suppress"), session("x")), /another person/);
    assert.match(
      await refusalOf(guard, anAnswer("suppress", { expires: hoursLater(24 * 367) })),
      /at most 366 days/,
    );
  });
});

describe("a reopening", () => {
  it("ends the exception now, and has the role read again", async () => {
    const guard = await open();
    await expectRecorded(guard, anAnswer("suppress"));
    await expectRecorded(guard, anAnswer("reopen"));
    assert.deepEqual(
      (await guard.control()).exceptions.map(({ owner, expires }) => [owner, expires]),
      [[anna.arn, "2026-11-22T12:00:00.000Z"]],
    );
    assert.deepEqual(guard.asked.at(-1), { recheck: { role, decided: true } });
  });

  it("is refused where no exception of the finding is in force", async () => {
    const guard = await open();
    assert.match(await refusalOf(guard, anAnswer("reopen")), /No exception of the finding f+ is in force/);
  });

  it("of an exception in the configuration is refused with what to do", async () => {
    const drift = aDrift({ part: "inline:extra", side: "excess" });
    const id = identifyFinding(key, drift);
    const expires = instantOf(new Date(hoursLater(24)));
    const accepted = { owner: "team batch", reason: "Pilot", expires } as const;
    const guard = await open({ exceptions: [writeAcceptedDrift({ ...drift, role: key }, accepted)] });
    await expectRecorded(guard, anAnswer("suppress", { finding: id }));
    assert.equal(
      await refusalOf(guard, anAnswer("reopen", { finding: id })),
      `The configuration accepts the finding until ${expires} (team batch): remove it under exceptions there, and deploy.`,
    );
    assert.equal(guard.told.length, 1);
  });
});

describe("an evaluation", () => {
  it("has the role read now, and records nothing", async () => {
    const guard = await open();
    const before = await guard.control();
    await expectRecorded(guard, anAnswer("evaluate"));
    assert.deepEqual(await guard.control(), before);
    assert.deepEqual(guard.asked, [{ recheck: { role, decided: true } }]);
  });
});

describe("the decisions of one person", () => {
  const idOf = (index: number) => index.toString(16).padStart(32, "0");

  it("about one role are limited, so that reading them stays cheap, and nobody uses up another's", async () => {
    const guard = await open();
    for (let index = 0; index < 100; index += 1) {
      await guard.give(anAnswer("approve", { finding: idOf(index) }), session(`name-${index}`));
    }
    const next = anAnswer("approve", { finding: idOf(100) });
    assert.match(
      await refusalOf(guard, next, session("another")),
      /has 100 approvals of .* in force already/,
    );
    await expectRecorded(guard, anAnswer("approve", { finding: idOf(7) }), session("another"));
    await expectRecorded(guard, next);
    guard.waitUntil(hoursLater(25));
    const later = anAnswer("approve", { finding: idOf(101), expires: hoursLater(48) });
    assert.equal((await guard.give(later, session("another"))).status, "recorded");
  });

  it("are refused where so many changes were made that the person's own may be forgotten", async () => {
    const many = Array.from({ length: 330 }, (_, index) => ({
      ...mallory,
      findingId: idOf(index),
      call: "iam:PutRolePolicy".padEnd(300, "x"),
    }));
    const guard = await open({ causes: many });
    assert.match(await refusalOf(guard, anAnswer("suppress"), session("x")), /not all are kept/);
    await expectRecorded(guard, anAnswer("suppress"));
  });
});

describe("an undoing", () => {
  it("is refused for a rollback that is not known", async () => {
    assert.match(await refusalOf(await open(), anAnswer("undo")), /There is no rollback rollback-1/);
  });
});

describe("a pause", () => {
  it("names its maker and its end, and holds for the role or the account alone", async () => {
    const guard = await open();
    await expectRecorded(guard, anAnswer("pause"));
    const [pause] = (await guard.control()).pauses;
    assert.deepEqual(pause, {
      scope: "role",
      by: anna.arn,
      userId: anna.userId,
      at: "2026-11-22T12:00:00.000Z",
      until: hoursLater(24),
      reason: "maintenance",
    });
    const { role: _, ...ofAccount } = anAnswer("pause");
    await expectRecorded(guard, ofAccount);
    assert.deepEqual((await guard.control()).pauses.map(({ scope }) => scope).toSorted(), [
      "account",
      "role",
    ]);
    assert.equal(guard.told.length, 2);
  });

  it("lasts thirty days at most", async () => {
    const guard = await open();
    assert.match(
      await refusalOf(guard, anAnswer("pause", { until: hoursLater(24 * 31) })),
      /at most 30 days/,
    );
    assert.match(
      await refusalOf(guard, anAnswer("pause", { until: hoursLater(0) })),
      /must end in the future/,
    );
    await expectRecorded(guard, anAnswer("pause", { until: hoursLater(24 * 30) }));
  });

  it("does not end a longer one: that takes a resume", async () => {
    const guard = await open();
    await expectRecorded(guard, anAnswer("pause"));
    const shorter = anAnswer("pause", { until: hoursLater(1) });
    assert.match(
      await refusalOf(guard, shorter, session("bob")),
      /holds already, by .*auditors\/anna \(maintenance\)\. Resume first/,
    );
    await expectRecorded(guard, anAnswer("pause", { until: hoursLater(48) }), session("bob"));
    await expectRecorded(guard, anAnswer("resume"), session("bob"));
    await expectRecorded(guard, shorter, session("bob"));
  });

  it("ends when a person resumes, and rollback looks at the roles at once", async () => {
    const guard = await open();
    assert.match(await refusalOf(guard, anAnswer("resume")), /No pause of .* holds/);
    const { role: _, ...pause } = anAnswer("pause");
    await expectRecorded(guard, pause);
    assert.match(await refusalOf(guard, anAnswer("resume")), /No pause of .* itself holds/);
    const { role: __, ...resume } = anAnswer("resume");
    await expectRecorded(guard, resume);
    assert.deepEqual(
      (await guard.control()).pauses.map(({ until }) => until),
      ["2026-11-22T12:00:00.000Z"],
    );
    assert.deepEqual(guard.asked, [{ retry: { role, due: "2026-11-22T12:00:00.000Z", findings: [] } }]);
  });
});

describe("the answer that enables rollback", () => {
  it("ends the observing phase once, and asks rollback to look at every role that it may write", async () => {
    const guard = await open();
    await expectRecorded(guard, anAnswer("enable"));
    const at = "2026-11-22T12:00:00.000Z";
    assert.deepEqual((await guard.control()).observing, {
      version: 1,
      since: at,
      ended: { at, by: anna.arn, userId: anna.userId },
    });
    assert.deepEqual(guard.asked, [{ observing: {} }, { retry: { role, due: at, findings: [] } }]);
    assert.match(await refusalOf(guard, anAnswer("enable")), /enabled already since .*auditors\/anna/);
  });

  it("is refused where no role is rolled back", async () => {
    const simulating = await open({ rollback: { excess: "simulate" } });
    assert.match(await refusalOf(simulating, anAnswer("enable")), /has no role rolled back/);
  });
});

describe("the other answers", () => {
  it("reset attempts, and close a call with the guard's credentials", async () => {
    const guard = await open({ attempts: [{ findingId: finding, starts: [noon] }] });
    const other = "0".repeat(32);
    assert.match(
      await refusalOf(guard, anAnswer("reset", { findings: [finding, other] })),
      new RegExp(`${other} was not rolled back in the last week`),
    );
    await expectRecorded(guard, anAnswer("reset"));
    await expectRecorded(guard, anAnswer("close"));
    const { resets, closures } = await guard.control();
    assert.deepEqual(
      resets.map(({ findingId, by }) => [findingId, by]),
      [[finding, anna.arn]],
    );
    assert.deepEqual(
      closures.map(({ digest, reason }) => [digest, reason]),
      [[evidence, "it was our drill"]],
    );
  });

  it("count although people could not be told, and say so", async () => {
    const guard = await open();
    const outcome = await respond(anAnswer("pause"), anna, guard.failing, guard.settings);
    assert.deepEqual(outcome.status === "recorded" && outcome.warnings, [
      "People were not told of it. The topic is gone.",
    ]);
    assert.equal((await guard.control()).pauses.length, 1);
  });

  it("may come from the local user of an embedded guard, whom no STS knows", async () => {
    const guard = await open({ rollback: { excess: "approve", approvers: [ops] } });
    const local = { arn: "local user anna", principal: "local user anna" };
    await expectRecorded(guard, anAnswer("approve"), local);
  });
});
