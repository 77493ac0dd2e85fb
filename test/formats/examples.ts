import type { Finding } from "@drift-guard/core/model/finding";
import { type Transition, TransitionKind } from "@drift-guard/core/model/transition";
import type { Standing } from "@drift-guard/core/rollback/standing";
import { formatText } from "@drift-guard/formats/text";
import {
  aDrift,
  aFinding,
  aGrant,
  anActor,
  anImpersonation,
  aPlan,
  aTransition,
  noon,
  secondsAfterNoon,
} from "../builders.ts";

const day = 86_400;
const mallory = anActor({ arn: "arn:aws:iam::123456789012:user/mallory" });
const openTrust = aFinding({
  severity: "CRITICAL",
  evidence: aDrift({
    part: "trust",
    side: "excess",
    grants: [
      aGrant({
        actions: ["sts:AssumeRole"],
        principals: [{ type: "AWS", id: "arn:aws:iam::999988887777:root" }],
      }),
    ],
  }),
});
const administrator = aFinding({
  severity: "CRITICAL",
  causedBy: mallory,
  evidence: aDrift({
    part: "managed:arn:aws:iam::aws:policy/AdministratorAccess",
    side: "excess",
    grants: [aGrant({ actions: ["*"], resources: ["*"] })],
  }),
});
const detached = aFinding({ severity: "CRITICAL", causedBy: mallory });
const exception = {
  owner: "arn:aws:iam::123456789012:user/ana",
  reason: "Migration until May",
  expires: secondsAfterNoon(7 * day),
};
const approvers = ["arn:aws:iam::123456789012:role/platform-oncall"];
const inState = (finding: Finding, state: Finding["state"]) => {
  const { id, role, severity, evidence, seq, openedAt, updatedAt, causedBy } = finding;
  return aFinding({
    id,
    role,
    severity,
    evidence,
    seq,
    openedAt,
    updatedAt,
    ...(causedBy && { causedBy }),
    state,
  });
};

type Example = readonly [finding: Finding, standing: Standing, over?: Partial<Transition>];

/** A transition of each kind of which people are told, with what the guard does about its finding. */
const examples: Readonly<Record<Exclude<TransitionKind, "improved">, Example>> = {
  opened: [openTrust, { kind: "off", side: "excess" }],
  worsened: [administrator, { kind: "approval", approvers, trusted: [] }],
  attributed: [administrator, { kind: "off", side: "excess" }, { cause: { kind: "lookup" } }],
  "sessions-found": [
    {
      ...openTrust,
      sessions: {
        issued: [{ at: noon, region: "us-east-1", call: "sts:AssumeRole", by: "999988887777" }],
        byServices: 0,
        regions: ["us-east-1"],
        since: noon,
        until: noon,
        at: noon,
      },
    },
    { kind: "undone" },
    { cause: { kind: "lookup" } },
  ],
  suppressed: [
    inState(administrator, "suppressed"),
    { kind: "suppressed", owner: exception.owner, reason: exception.reason, until: exception.expires },
  ],
  expiring: [
    inState(administrator, "suppressed"),
    { kind: "expiring", ...exception, isPart: false, next: "undoing" },
    { exception },
  ],
  approved: [administrator, { kind: "approved", by: exception.owner }],
  "rolled-back": [detached, { kind: "undone" }, { note: "Carried out: iam:AttachRolePolicy." }],
  refused: [
    detached,
    { kind: "refused", reason: "", retries: false },
    {
      note: "The trust policy lets AWS account 999988887777 assume the role, who would get the permissions too.",
    },
  ],
  resolved: [
    { ...inState(detached, "resolved"), rollback: { id: "r", endedAt: secondsAfterNoon(60), undone: true } },
    { kind: "resolved", because: "clean" },
    { at: secondsAfterNoon(240), cause: { kind: "recheck" } },
  ],
  reopened: [detached, { kind: "undoing", side: "missing" }],
  recurred: [detached, { kind: "undoing", side: "missing" }],
  contested: [administrator, { kind: "contested", until: secondsAfterNoon(1800) }],
  simulated: [detached, { kind: "simulated", side: "missing" }, { steps: aPlan().steps }],
  closed: [aFinding({ severity: "CRITICAL", evidence: anImpersonation() }), { kind: "closed" }],
};

/** Returns the subject and the first lines of the message about each kind of transition, as people get them. */
export function listExamples(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(examples).map(([kind, [finding, standing, over]]) => {
      const transition = aTransition({ finding, actor: mallory, ...over, kind: TransitionKind.parse(kind) });
      const { subject, body } = formatText({ transition, standing, stage: "production" });
      return [kind, `${subject}\n\n${body.split("\n\n")[0]}`];
    }),
  );
}
