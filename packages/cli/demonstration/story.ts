import { formatActor, formatOrigin } from "@drift-guard/formats/actors";
import { describeEvidence, formatPart } from "@drift-guard/formats/evidence";
import { sanitise } from "@drift-guard/formats/printable";
import { formatStep } from "@drift-guard/formats/steps";
import { describeUsage } from "@drift-guard/formats/usage";
import { formatDetails, severityStyle } from "../drift-table.ts";
import type { RoleCheck } from "../role-check.ts";
import { padCell, type Style, type Terminal, wrap } from "../terminal.ts";
import type { Scene } from "./scenes.ts";
import type { Happening } from "./stage.ts";

const margin = "   ";
const column = 11;
const body = margin + " ".repeat(column);

/** A scene as a person reads it: who did what, the drift in grants, its severity, the plan, and how it ended. */
export function formatScene(happenings: readonly Happening[], terminal: Terminal): readonly string[] {
  return [
    ...happenings.flatMap((happening) => formatHappening(happening, terminal)),
    ...formatPaths(happenings, terminal),
  ];
}

/** Why a scene did not end as it should; nothing where it did. */
export function findFaults(
  scene: Scene,
  happenings: readonly Happening[],
  verdicts: readonly RoleCheck[],
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

function formatHappening(happening: Happening, terminal: Terminal): readonly string[] {
  const { at } = happening;
  const when = at.toISOString().slice(11, 19);
  switch (happening.kind) {
    case "call": {
      const { call, actor, outcome } = happening.change;
      if (happening.byGuard) {
        return formatLine(
          when,
          `the guard's own ${call} comes back as an event, and is known as its own`,
          terminal,
          "dim",
        );
      }
      const origin = formatOrigin(actor);
      const who = `${formatActor(actor)}${origin === undefined ? "" : ` from ${origin}`}`;
      const how = outcome.status === "refused" ? `, refused: ${outcome.code}` : "";
      return formatLine(when, `${call}${how}, by ${who}`, terminal);
    }
    case "look":
      return happening.again && happening.inspection.evidence.length > 0
        ? formatLine(when, "looks again: still not as it should be", terminal)
        : [];
    case "transition":
      return formatTransition(happening, when, terminal);
    case "rollback":
      return formatRollback(happening, terminal);
  }
}

function formatTransition(
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
          : formatDetails(evidence, terminal, `${body}  `);
      const usage = describeUsage(finding).flatMap(({ heading, lines }) => [
        `${body}  ${heading}:`,
        ...lines.flatMap((text) => wrap(text, terminal.columns, `${body}    `)),
      ]);
      return [
        ...formatLine(
          when,
          `${terminal.paint(severityStyle(severity), severity)} ${terminal.paint("bold", title)}`,
          terminal,
        ),
        ...wrap(`${formatPart(evidence.part)}, ${side}`, terminal.columns, `${body}  `),
        ...substance,
        ...usage,
      ];
    }
    case "rolled-back":
      return formatLine(when, sanitise(note ?? "put back"), terminal, "green");
    case "resolved":
      return formatLine(
        when,
        `looked again twice: ${sanitise(note ?? "it is as it should be.")} Resolved.`,
        terminal,
        "green",
      );
    case "refused":
    case "suppressed":
    case "approved":
      return formatLine(when, `${kind}: ${sanitise(note ?? title)}`, terminal, "yellow");
  }
}

function formatRollback(
  { outcome }: Extract<Happening, { kind: "rollback" }>,
  terminal: Terminal,
): readonly string[] {
  switch (outcome.status) {
    case "nothing-to-do":
      return formatLine("plan", `none: ${sanitise(outcome.why)}`, terminal);
    case "refused":
      return formatLine("plan", `not carried out: ${sanitise(outcome.reason)}`, terminal, "yellow");
    case "done":
    case "failed":
      return outcome.rollback.plan.steps.flatMap((step, index) =>
        formatLine(index === 0 ? "plan" : "", `${index + 1}. ${formatStep(step)}`, terminal, "cyan"),
      );
  }
}

function formatPaths(happenings: readonly Happening[], terminal: Terminal): readonly string[] {
  return [...pathsOf(happenings)].flatMap(([id, kinds]) =>
    formatLine("finding", `${id.slice(0, 8)}  ${kinds.join(" → ")}`, terminal, "bold"),
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

function formatLine(
  label: string,
  text: string,
  { columns, paint }: Terminal,
  style?: Style,
): readonly string[] {
  const lines = wrap(text, columns, margin + padCell(label, column), body);
  return style === undefined ? lines : lines.map((each) => paint(style, each));
}
