import { type DeletionPlan, planDeletion } from "@drift-guard/core/linked-role/deletion-plan";
import { judgeLinkedRole, type RegionScan } from "@drift-guard/core/linked-role/status";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import { type ExitCode, parseOptions, UsageError } from "../command.ts";
import { formatDocument } from "../output/json.ts";
import { SlrDeletePlanOutput, type SlrDeletePlanStep } from "../output/slr.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { formatDeletionScript } from "./deletion-script.ts";
import { chooseRegions, type LinkedRoleSession, openLinkedRoleSession, regionOptions } from "./session.ts";
import { shellStepOf } from "./shell-steps.ts";
import { formatActivity } from "./status.ts";

/** `slr delete-plan`: prints what must be deleted before the role, region by region. Changes nothing. */
export async function showDeletionPlan(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const values = parseOptions("slr delete-plan", args, {
    ...regionOptions,
    script: { type: "boolean", default: false },
  });
  if (values.json && values.script) throw new UsageError("Use either --json or --script, not both.");
  const session = await openLinkedRoleSession(values.role);
  const regions = await chooseRegions(values, session);
  const { account, from, role, arn, reader, keeper } = session;
  const [reading, scans] = await Promise.all([reader.read(role.name), session.scanRegions(regions)]);
  const standing = judgeLinkedRole(role, reading, scans);
  const there = standing === "present" || standing === "unused";
  const plan: DeletionPlan = there ? planDeletion(role, scans) : { steps: [], unread: [] };
  const code: ExitCode = standing === "name-taken" ? 1 : plan.unread.length > 0 ? 2 : 0;
  if (values.json) {
    const activity = there ? await keeper.activity(role.name) : undefined;
    const document = formatDocument(SlrDeletePlanOutput, {
      schema: 1,
      account,
      from,
      role: role.name,
      arn,
      exitCode: code,
      standing,
      changed: false,
      complete: plan.unread.length === 0,
      regions,
      steps: plan.steps.map((step) => describeStep(step, session)),
      unread: plan.unread,
      ...(activity && { activity }),
    });
    await terminal.print(document);
    return code;
  }
  if (!there) {
    const why = standing === "name-taken" ? "is another role with the same name" : "does not exist";
    const line = `${role.name} ${why} in account ${account}: nothing to delete. Nothing was changed.`;
    await terminal.print(...(values.script ? [`# ${line}`] : wrap(line, terminal.columns)));
    return code;
  }
  if (values.script) {
    await terminal.print(...formatDeletionScript(plan, session, new Date().toISOString()));
    return code;
  }
  const activity = formatActivity(await keeper.activity(role.name));
  await terminal.print(...formatPlan(plan, scans, session, activity, terminal));
  return code;
}

function describeStep(step: DeletionPlan["steps"][number], session: LinkedRoleSession): SlrDeletePlanStep {
  if (step.step === "delete-role") {
    return { ...step, command: ["drift-guard", "slr", "delete", "--yes", "--role", step.role] };
  }
  const { title, command, until } = shellStepOf(step, session);
  return { ...step, title, command, until };
}

function formatPlan(
  plan: DeletionPlan,
  scans: readonly RegionScan[],
  session: LinkedRoleSession,
  activity: readonly string[],
  { columns, paint }: Terminal,
): readonly string[] {
  const { account, from, role, arn } = session;
  const paragraph = (text: string, margin = "  ") => wrap(text, columns, margin);
  const read = scans.flatMap(({ region, status }) => (status === "read" ? [sanitise(region, 40)] : []));
  return [
    paint("bold", `Plan to delete ${role.name}. Nothing was changed.`),
    ...paragraph(arn).map((line) => paint("dim", line)),
    ...activity.flatMap((line) => paragraph(line)),
    ...paragraph(
      "Sessions of a service-linked role cannot be revoked: wait until active ones have ended. IAM refuses to delete a role that is in use.",
    ),
    ...paragraph(
      `First delete all ${role.usedBy} that use it, in every region of the partition. Scanned: ${read.join(", ") || "no region"}; --regions all scans every region that has AWS Batch.`,
    ),
    ...formatSteps(plan, session, columns, paint),
    ...plan.unread.flatMap(({ region, why }) => [
      "",
      paint("yellow", `${sanitise(region, 40)} could not be read, so the plan is incomplete`),
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
