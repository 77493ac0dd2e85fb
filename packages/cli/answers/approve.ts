import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import { Step } from "@drift-guard/core/model/plan";
import { isExplained } from "@drift-guard/core/rollback/counted-approvals";
import { planForApproval } from "@drift-guard/core/rollback/plan-for-approval";
import { sanitise } from "@drift-guard/formats/printable";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { planByHand } from "@drift-guard/guard/rollback/plan-by-hand";
import { createPlanning } from "@drift-guard/guard/rollback/planning";
import { readDriftedPolicies } from "@drift-guard/guard/rollback/policies";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { warnOfConfiguration } from "../rollback/configuration.ts";
import { readSubject } from "../rollback/plan.ts";
import { describeRepair } from "../rollback/preparation.ts";
import { findSubject } from "../rollback/subject.ts";
import { describeStep, formatStepLines } from "../step-lines.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { readEnd } from "./duration.ts";
import { reportAnswer } from "./report.ts";
import { answerOptions, openAnswerSession } from "./session.ts";

/** `rollback approve`: approves the steps that repair one finding, exactly these. The guard carries them out. */
export async function approveRollback(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback approve", args, {
    ...answerOptions,
    for: { type: "string", value: "a TIME", default: "24h" },
    yes: { type: "boolean", default: false },
  });
  const asked = readSubject("rollback approve", positionals);
  const expires = readEnd(values.for, new Date());
  const session = await openAnswerSession(values, terminal.input);
  try {
    const { watched, finding } = await findSubject(asked, session);
    if (!finding)
      throw new UsageError("rollback approve takes the id of one finding: each is approved by itself.");
    const { config, stores } = session;
    const now = () => new Date();
    const observation = await observeRole(watched, { roles: session.roles, now });
    if (observation.status === "absent") throw new UsageError(`${watched.name} does not exist.`);
    const { role, assessments } = observation;
    const evidence = assessments.find((each) => identifyFinding(role, each) === finding.id);
    const control = await stores.control.load(role);
    const policies = await readDriftedPolicies(watched, observation, session);
    const { plan, reason } = planForApproval(
      createPlanning({ watched, role, assessments, policies, control, config, now: instantOf(now()) }),
      finding.id,
    );
    if (evidence === undefined || plan.steps.length === 0) {
      const why =
        evidence === undefined
          ? "The role as it was just read does not show the finding."
          : (reason ??
            "No step of a rollback repairs the finding, or the configuration turns its rollback off.");
      const warning = warnOfConfiguration(session.configuration);
      throw new UsageError(
        `There is nothing to approve. ${why}${warning === undefined ? ` The modes are those of ${session.configuration.file}.` : ` ${warning}`}`,
      );
    }
    const sources = { watched, role, assessments, policies, control, config, now: instantOf(now()) };
    const { drifts } = planByHand({ ...sources, wanted: [finding.id], insists: true });
    const hazard = drifts.find(({ findingId }) => findingId === finding.id)?.hazard;
    if (!values.json) {
      const effects = describeRepair(role, plan.steps, watched, policies);
      await terminal.print(
        ...effects.flatMap((effect, index) => [
          ...formatStepLines(effect, index + 1, describeStep(effect, role.partition), terminal),
          "",
        ]),
        ...(hazard === undefined
          ? []
          : [
              ...wrap(
                sanitise(`This is not safe, and an approval allows it: ${hazard}`, 1500),
                terminal.columns,
              ),
              "",
            ]),
      );
    }
    if (!values.yes) {
      throw new UsageError("Nothing was approved. Add --yes to approve exactly these steps.");
    }
    const outcome = await session.answer({
      verb: "approve",
      role: watched.name,
      finding: finding.id,
      evidence: digestEvidence(evidence),
      plan: { roleId: plan.roleId, steps: plan.steps.map((step) => Step.encode(step)) },
      expires,
      reason: values.reason,
    });
    const known = isExplained({ findingId: finding.id, digest: digestEvidence(evidence) }, { control });
    const what = `Approved until ${expires}. ${formatStart(session.announces, known)} They are carried out on ${sanitise(watched.name)} only if the guard's own plan is the same, and once: a drift that returns needs another approval.`;
    return await reportAnswer("approve", what, outcome, session, { json: values.json, terminal });
  } finally {
    session.close();
  }
}

/** When an approved rollback starts, as a sentence. */
function formatStart(isDeployed: boolean, isMakerKnown: boolean): string {
  if (!isDeployed)
    return "The program that runs the embedded guard carries these steps out when it next rolls back.";
  return isMakerKnown
    ? "The guard carries these steps out at once."
    : "It is not known yet who made the drift as it is, so that the approval counts when that is reported, or a quarter of an hour after it was given.";
}
