import { printActor, printOrigin } from "@drift-guard/formats/actors";
import { describeEvidence, printPart } from "@drift-guard/formats/evidence";
import { plain } from "@drift-guard/formats/plain";
import { printStep } from "@drift-guard/formats/steps";
import { describeUsage } from "@drift-guard/formats/usage";
import { printSubstance, severityStyle } from "../drift-table.ts";
import { cell, type Style, type Terminal, wrap } from "../terminal.ts";
import type { Verdict } from "../verdict.ts";
import type { Scene } from "./scenes.ts";
import type { Happening } from "./stage.ts";

const margin = "   ";
const column = 11;
const body = margin + " ".repeat(column);

/** A scene as a person reads it: who did what, the drift in grants, its severity, the plan, and how it ended. */
export function printScene(happenings: readonly Happening[], terminal: Terminal): readonly string[] {
  return [
    ...happenings.flatMap((happening) => printHappening(happening, terminal)),
    ...printPath(happenings, terminal),
  ];
}

/** Why a scene did not end as it should; nothing where it did. */
export function findFaults(
  scene: Scene,
  happenings: readonly Happening[],
  verdicts: readonly Verdict[],
): readonly string[] {
  const paths = pathsOf(happenings);
  const planned = happenings.flatMap((happening) =>
    happening.kind === "rollback" && happening.outcome.status === "done"
      ? happening.outcome.rollback.plan.steps
      : [],
  );
  const written = happenings.filter((happening) => happening.kind === "call" && happening.byGuard);
  const [path] = paths.values();
  return [
    ...(paths.size === 1 ? [] : [`it led to ${paths.size} findings instead of one`]),
    ...(path?.join() === scene.path.join()
      ? []
      : [`its finding went ${path?.join(", ")} instead of ${scene.path.join(", ")}`]),
    ...(written.length === planned.length
      ? []
      : [`the guard made ${written.length} calls for ${planned.length} planned steps`]),
    ...verdicts.flatMap(({ role, status }) => (status === "clean" ? [] : [`${role} is left ${status}`])),
  ];
}

function printHappening(happening: Happening, terminal: Terminal): readonly string[] {
  const { at } = happening;
  const when = at.toISOString().slice(11, 19);
  switch (happening.kind) {
    case "call": {
      const { call, actor, outcome } = happening.change;
      if (happening.byGuard) {
        return line(
          when,
          `the guard's own ${call} comes back as an event, and is known as its own`,
          terminal,
          "dim",
        );
      }
      const origin = printOrigin(actor);
      const who = `${printActor(actor)}${origin === undefined ? "" : ` from ${origin}`}`;
      const how = outcome.status === "refused" ? `, refused: ${outcome.code}` : "";
      return line(when, `${call}${how}, by ${who}`, terminal);
    }
    case "look":
      return happening.again && happening.inspection.evidence.length > 0
        ? line(when, "looks again: still not as it should be", terminal)
        : [];
    case "transition":
      return printTransition(happening, when, terminal);
    case "rollback":
      return printOutcome(happening, terminal);
  }
}

function printTransition(
  { transition }: Extract<Happening, { kind: "transition" }>,
  when: string,
  terminal: Terminal,
): readonly string[] {
  const { kind, finding, note } = transition;
  const { evidence, severity, role } = finding;
  const { title } = describeEvidence(evidence, role.name);
  switch (kind) {
    case "opened":
    case "worsened":
    case "reopened": {
      const side = evidence.kind === "drift" ? evidence.side : evidence.kind;
      const substance =
        evidence.kind === "attempt" || evidence.kind === "impersonation"
          ? []
          : printSubstance(evidence, terminal, `${body}  `);
      const usage = describeUsage(finding).flatMap(({ heading, lines }) => [
        `${body}  ${heading}:`,
        ...lines.flatMap((text) => wrap(text, terminal.columns, `${body}    `)),
      ]);
      return [
        ...line(
          when,
          `${terminal.paint(severityStyle(severity), severity)} ${terminal.paint("bold", title)}`,
          terminal,
        ),
        ...wrap(`${printPart(evidence.part)}, ${side}`, terminal.columns, `${body}  `),
        ...substance,
        ...usage,
      ];
    }
    case "rolled-back":
      return line(when, plain(note ?? "put back"), terminal, "green");
    case "resolved":
      return line(
        when,
        `looked again twice: ${plain(note ?? "it is as it should be.")} Resolved.`,
        terminal,
        "green",
      );
    case "refused":
    case "suppressed":
    case "approved":
      return line(when, `${kind}: ${plain(note ?? title)}`, terminal, "yellow");
  }
}

function printOutcome(
  { outcome }: Extract<Happening, { kind: "rollback" }>,
  terminal: Terminal,
): readonly string[] {
  switch (outcome.status) {
    case "nothing-to-do":
      return line("plan", `none: ${plain(outcome.why)}`, terminal);
    case "refused":
      return line("plan", `not carried out: ${plain(outcome.reason)}`, terminal, "yellow");
    case "done":
    case "failed":
      return outcome.rollback.plan.steps.flatMap((step, index) =>
        line(index === 0 ? "plan" : "", `${index + 1}. ${printStep(step)}`, terminal, "cyan"),
      );
  }
}

function printPath(happenings: readonly Happening[], terminal: Terminal): readonly string[] {
  return [...pathsOf(happenings)].flatMap(([id, kinds]) =>
    line("finding", `${id.slice(0, 8)}  ${kinds.join(" → ")}`, terminal, "bold"),
  );
}

// In the order of what happened to each, not of when it was heard of: a rollback commits while it is under way.
function pathsOf(happenings: readonly Happening[]): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, { seq: number; kind: string }[]>();
  for (const happening of happenings) {
    if (happening.kind !== "transition") continue;
    const { finding, kind } = happening.transition;
    paths.set(finding.id, [...(paths.get(finding.id) ?? []), { seq: finding.seq, kind }]);
  }
  return new Map(
    [...paths].map(([id, steps]) => [id, steps.sort((a, b) => a.seq - b.seq).map(({ kind }) => kind)]),
  );
}

function line(label: string, text: string, { columns, paint }: Terminal, style?: Style): readonly string[] {
  const lines = wrap(text, columns, margin + cell(label, column), body);
  return style === undefined ? lines : lines.map((each) => paint(style, each));
}
