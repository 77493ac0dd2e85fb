import { groupUnread } from "@drift-guard/core/batch/unread-regions";
import { findScanDoubts, findUseDoubts } from "@drift-guard/core/linked-role/deletion-doubts";
import { type DeletionPlan, planDeletion } from "@drift-guard/core/linked-role/deletion-plan";
import type { RoleActivity } from "@drift-guard/core/linked-role/linked-role";
import { type AccountScan, coversPartition, judgeLinkedRole } from "@drift-guard/core/linked-role/status";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import { type ExitCode, parseOptions, UsageError } from "../command.ts";
import { formatDocument } from "../output/json.ts";
import { SlrDeletePlanOutput, type SlrDeletePlanStep } from "../output/slr.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { formatCoverage } from "./coverage.ts";
import { formatDeletionScript } from "./deletion-script.ts";
import { type LinkedRoleSession, openLinkedRoleSession, parseRegions, regionOptions } from "./session.ts";
import { shellStepOf } from "./shell-steps.ts";
import { formatActivity } from "./status.ts";

/** `slr delete-plan`: prints what must be deleted before the role, region by region. Changes nothing. */
export async function showDeletionPlan(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const values = parseOptions("slr delete-plan", args, {
    ...regionOptions,
    script: { type: "boolean", default: false },
  });
  if (values.json && values.script) throw new UsageError("Use either --json or --script, not both.");
  const asked = parseRegions(values.regions);
  const session = await openLinkedRoleSession(values);
  const { account, from, role, arn, reader, keeper } = session;
  const [reading, scan] = await Promise.all([reader.read(role.name), session.scan(asked)]);
  const { scans, ...others } = scan;
  const standing = judgeLinkedRole(role, reading, scans, scan.leftOut);
  const there = standing === "present" || standing === "unused";
  const plan: DeletionPlan = there ? planDeletion(role, scans) : { steps: [], unread: [] };
  const code: ExitCode = standing === "name-taken" ? 1 : plan.unread.length > 0 ? 2 : 0;
  const activity = there ? await keeper.activity(role.name) : undefined;
  const doubts = activity ? [...findScanDoubts(scan), ...findUseDoubts(activity, new Date())] : [];
  if (values.json) {
    const document = formatDocument(SlrDeletePlanOutput, {
      schema: 1,
      account,
      from,
      role: role.name,
      arn,
      exitCode: code,
      standing,
      changed: false,
      complete: coversPartition(scan),
      regions: scans.map(({ region }) => region),
      ...others,
      steps: plan.steps.map((step) => describeStep(step, session)),
      unread: plan.unread,
      ...(activity && { activity }),
    });
    await terminal.print(document);
    return code;
  }
  if (!activity) {
    const why = standing === "name-taken" ? "is another role with the same name" : "does not exist";
    const line = `${role.name} ${why} in account ${account}: nothing to delete. Nothing was changed.`;
    await terminal.print(...(values.script ? [`# ${line}`] : wrap(line, terminal.columns)));
    return code;
  }
  if (values.script) {
    await terminal.print(...formatDeletionScript(plan, doubts, session, new Date().toISOString()));
    return code;
  }
  await terminal.print(...formatPlan({ plan, scan, activity, doubts }, session, terminal));
  return code;
}

function describeStep(step: DeletionPlan["steps"][number], session: LinkedRoleSession): SlrDeletePlanStep {
  if (step.step === "delete-role") {
    return { ...step, command: ["drift-guard", "slr", "delete", "--yes", "--role", step.role] };
  }
  const { title, command, until } = shellStepOf(step, session);
  return { ...step, title, command, until };
}

/** A plan with the scan and the activity that it was made from. */
interface PlanReport {
  readonly plan: DeletionPlan;
  readonly scan: AccountScan;
  readonly activity: RoleActivity;
  readonly doubts: readonly string[];
}

function formatPlan(
  { plan, scan, activity, doubts }: PlanReport,
  session: LinkedRoleSession,
  { columns, paint }: Terminal,
): readonly string[] {
  const { account, from, role, arn } = session;
  const paragraph = (text: string, margin = "  ") => wrap(text, columns, margin);
  return [
    paint("bold", `Plan to delete ${role.name}. Nothing was changed.`),
    ...paragraph(arn).map((line) => paint("dim", line)),
    ...formatActivity(activity).flatMap((line) => paragraph(line)),
    ...paragraph(
      "Sessions of a service-linked role cannot be revoked: wait until active ones have ended. IAM refuses to delete a role that is in use.",
    ),
    ...paragraph(`First delete all ${role.usedBy} that use it, in every region of the partition.`),
    ...formatCoverage(scan, role.usedBy).flatMap((line) => paragraph(line)),
    ...(doubts.length === 0
      ? []
      : paragraph(
          "slr delete --yes asks IAM only with --force, because a use may be hidden: a region was not read, or the role was used in the last 24 hours.",
        ).map((line) => paint("yellow", line))),
    ...formatSteps(plan, session, columns, paint),
    ...groupUnread(plan.unread).flatMap(({ regions, why }) => [
      "",
      ...wrap(
        `${regions.map((region) => sanitise(region, 40)).join(", ")} could not be read, so the plan is incomplete`,
        columns,
      ).map((line) => paint("yellow", line)),
      ...paragraph(sanitise(why, 600)),
    ]),
    "",
    ...paragraph(
      "--script prints the plan as a shell script to review. If the deletion fails, the role stays, and IAM names all, some or none of the resources that use it. Delete those, and then the role again.",
      "",
    ),
    ...paragraph(`Account ${account} (${sanitise(from)}). Nothing was changed.`, ""),
  ];
}

function formatSteps(
  { steps }: DeletionPlan,
  session: LinkedRoleSession,
  columns: number,
  paint: Terminal["paint"],
): readonly string[] {
  let place = "";
  return steps.flatMap((step, index) => {
    const here = "region" in step ? sanitise(step.region, 40) : "IAM";
    const heading = here === place ? [] : ["", paint("bold", here)];
    place = here;
    const number = `${String(index + 1).padStart(3)}. `;
    const margin = " ".repeat(number.length);
    if (step.step === "delete-role") {
      return [
        ...heading,
        ...wrap("Delete the role, and follow the deletion to its end.", columns, number, margin),
        paint("cyan", `${margin}npx drift-guard slr delete --yes --role ${quoteArgument(step.role)}`),
      ];
    }
    const { title, command, until } = shellStepOf(step, session);
    return [
      ...heading,
      ...wrap(title, columns, number, margin),
      // Not wrapped, so that the command can be pasted.
      paint("cyan", `${margin}${command.map(quoteArgument).join(" ")}`),
      ...wrap(`Then ${until.words}.`, columns, margin),
    ];
  });
}
