import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { defaultRoles, defineConfig } from "@drift-guard/core/config/config";
import { labelDescription } from "@drift-guard/core/config/fingerprint";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { managedPart } from "@drift-guard/core/model/part";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { type Answer, type Call, json, refusal, xml } from "../../aws/responder.ts";
import {
  aControl,
  account,
  aDrift,
  aFinding,
  aKey,
  allow,
  aRollback,
  batchServicePolicy,
} from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { identifyCaller, runLive } from "../live-account.ts";
import { type Run, writeTemporary } from "../process.ts";
import { printSnapshot, rolesWith } from "../snapshots.ts";

export const name = "AWSBatchServiceRole";
export const attachment = managedPart(batchServicePolicy);
export const findingId = identifyFinding(aKey(), aDrift());

/** A file of an account whose Batch service role lacks its policy and has another. */
export function writeAccount(): Promise<string> {
  const rogue = { PolicyName: "rogue", PolicyDocument: JSON.parse(allow("iam:*")) };
  const drifted = { AttachedManagedPolicies: [], RolePolicyList: [rogue] };
  const roles = rolesWith(name, { ...drifted, RoleId: "AROA2BATCHSERVICEROLE" });
  return writeTemporary("account.json", printSnapshot(roles));
}

/** A file of an embedded guard, with a finding and a full control record of the Batch service role. */
export async function writeStores({
  paused = true,
  roleId = "AROA1",
  approvedMinutesAgo = 1,
} = {}): Promise<string> {
  const file = join(dirname(await writeTemporary("note", "")), "guard.sqlite");
  const database = openDatabase(file);
  const now = Date.now();
  const at = (minutes: number): Instant => instantOf(new Date(now + minutes * 60_000));
  const role = aKey();
  const finding = aFinding({ id: findingId });
  const store = createFindingStore(database, { sinks: [] });
  const before = await store.load(role);
  await store.commit({ before, after: { ...before, findings: [finding] }, transitions: [] });
  const control = createControlStore(database);
  const done = aRollback("done");
  assert.ok(done.status === "done");
  await control.commit({
    before: aControl(),
    after: aControl({
      enrolment: { roleId: "AROA2BATCHSERVICEROLE", at: at(-9000), cleanAt: at(-60) },
      rollbacks: [
        {
          ...done,
          plan: { ...done.plan, findings: [findingId] },
          before: { ...done.before, id: roleId },
          startedAt: at(-3),
          endedAt: at(-2),
        },
      ],
      attempts: [{ findingId, starts: [at(-30), at(-20), at(-3)] }],
      nextTry: at(2),
    }),
  });
  const digest = digestEvidence(aDrift());
  const ada = `arn:aws:iam::${account}:user/ada`;
  const pause = { scope: "role", by: ada, at: at(-1), until: at(60), reason: "incident" } as const;
  if (paused) await control.decide(role, { kind: "pause", pause });
  await control.decide(role, {
    kind: "approval",
    approval: {
      findingId,
      digest,
      by: ada.replace("ada", "grace"),
      at: at(-approvedMinutesAgo),
      expires: at(60),
    },
  });
  await control.decide(role, {
    kind: "exception",
    exception: { findingId: "another", digest, owner: "ada", reason: "migration", expires: at(60) },
  });
  database.close();
  return file;
}

/** The Batch service role of a live account, and the empty tables of a deployed guard. */
export class LiveRole {
  attached: boolean;
  readonly denied: boolean;
  /** The tables that were read. */
  readonly tables = new Set<string>();

  readonly #configuration: Answer;

  constructor({
    attached = false,
    denied = false,
    configuration = json({ Description: labelDescription("Answers", defineConfig({ roles: defaultRoles })) }),
  } = {}) {
    this.attached = attached;
    this.denied = denied;
    this.#configuration = configuration;
  }

  run(args: readonly string[]): Promise<Run> {
    return runLive(["rollback", ...args], (call) => this.#answer(call));
  }

  #answer({ action, parameters, body }: Call): Answer {
    const list = (inside: string) => xml(action, `<IsTruncated>false</IsTruncated>${inside}`);
    const reference = referenceOf(name);
    if (/functions\/[^/]+\/configuration$/.test(action)) return this.#configuration;
    switch (action) {
      case "GetCallerIdentity":
        return identifyCaller({ action });
      case "Query": {
        const { TableName } = JSON.parse(body);
        this.tables.add(TableName);
        return json({ Items: [], Count: 0 });
      }
      case "GetRole":
        return xml(
          action,
          `<Role><RoleName>${name}</RoleName><RoleId>AROA1</RoleId><Path>/service-role/</Path><Arn>arn:aws:iam::${account}:role/service-role/${name}</Arn><AssumeRolePolicyDocument>${encodeURIComponent(reference.trust)}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role>`,
        );
      case "ListAttachedRolePolicies":
        return list(
          this.attached
            ? `<AttachedPolicies><member><PolicyName>${name}</PolicyName><PolicyArn>${batchServicePolicy}</PolicyArn></member></AttachedPolicies>`
            : "",
        );
      case "GetPolicy":
        return xml(
          action,
          `<Policy><Arn>${batchServicePolicy}</Arn><DefaultVersionId>${reference.attachments[0]?.version}</DefaultVersionId></Policy>`,
        );
      case "GetPolicyVersion":
        return xml(
          action,
          `<PolicyVersion><Document>${encodeURIComponent(reference.attachments[0]?.document ?? "")}</Document></PolicyVersion>`,
        );
      case "AttachRolePolicy":
        if (this.denied)
          return refusal("AccessDenied", "not authorized to perform: iam:AttachRolePolicy", 403);
        assert.equal(parameters.get("PolicyArn"), batchServicePolicy);
        this.attached = true;
        return xml(action, "");
      default:
        return list("");
    }
  }
}
