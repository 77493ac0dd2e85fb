import type { Transition } from "@drift-guard/core/model/transition";
import { formatActor, formatOrigin } from "@drift-guard/formats/actors";
import { describeEvidence, formatPart } from "@drift-guard/formats/evidence";
import { sanitise } from "@drift-guard/formats/printable";
import { formatStep } from "@drift-guard/formats/steps";
import { describeUsage } from "@drift-guard/formats/usage";
import { formatDetails, severityStyle } from "../drift-table.ts";
import type { RoleCheck } from "../output/check.ts";
import { padCell, type Style, type Terminal, wrap } from "../terminal.ts";
import type { Scene } from "./scenes.ts";
import type { Happening } from "./stage.ts";

const margin = "   ";
const column = 11;
const body = margin + " ".repeat(column);

/** A scene as lines: who made which call, the drift as grants, its severity, the plan, and the finding's path. */
export function formatScene(happenings: readonly Happening[], terminal: Terminal): readonly string[] {
  return [
    ...happenings.flatMap((happening) => formatHappening(happening, happenings, terminal)),
    ...formatPaths(happenings, terminal),
  ];
}

/** The differences between a scene's result and its expected end; empty if there are none. */
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
    ...(paths.size === 1 ? [] : [`${paths.size} findings instead of 1`]),
    ...(path?.join() === scene.path.join()
      ? []
      : [`the finding's path was ${path?.join(", ")} instead of ${scene.path.join(", ")}`]),
    ...(written.length === planned.length
      ? []
      : [`the guard made ${written.length} calls for ${planned.length} planned steps`]),
    ...verdicts.flatMap(({ role, status }) => (status === "clean" ? [] : [`${role} ended as ${status}`])),
  ];
}

function formatHappening(
  happening: Happening,
  happenings: readonly Happening[],
  terminal: Terminal,
): readonly string[] {
  const { at } = happening;
  const when = formatTime(at);
  switch (happening.kind) {
    case "call": {
      const { call, actor, outcome } = happening.change;
      if (happening.byGuard) {
        return formatLine(when, `event of ${call}: recognised as the guard's own call`, terminal, "dim");
      }
      const origin = formatOrigin(actor);
      const who = `${formatActor(actor)}${origin === undefined ? "" : ` from ${origin}`}`;
      const how = outcome.status === "succeeded" ? "" : `, ${outcome.status}: ${outcome.code}`;
      return formatLine(when, `${call}${how}, by ${who}`, terminal);
    }
    case "inspection":
      return happening.isRecheck && happening.inspection.evidence.length > 0
        ? formatLine(when, "rechecked: drift remains", terminal)
        : [];
    case "transition":
      return formatTransition(happening, happenings, terminal);
    case "rollback":
      return formatRollback(happening, terminal);
  }
}

function formatTime(at: Date): string {
  return at.toISOString().slice(11, 19);
}

function formatTransition(
  { at, transition }: Extract<Happening, { kind: "transition" }>,
  happenings: readonly Happening[],
  terminal: Terminal,
): readonly string[] {
  const { kind, finding, note } = transition;
  const { evidence, severity, role } = finding;
  const { title } = describeEvidence(evidence, role.name);
  const when = formatTime(at);
  switch (kind) {
    case "opened":
    case "worsened":
    case "improved":
    case "attributed":
    case "sessions-found":
    case "expiring":
    case "reopened":
    case "recurred": {
      const side = evidence.kind === "drift" ? evidence.side : evidence.kind;
      const substance =
        evidence.kind === "attempt" || evidence.kind === "impersonation"
          ? []
          : formatDetails(evidence, terminal, `${body}  `);
      const usage = describeUsage(transition).flatMap(({ heading, lines }) => [
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
      return formatLine(
        when,
        `Rolled back by ${callsBehind(transition, happenings).join(", ")}. The finding is resolved after two clean reads.`,
        terminal,
        "green",
      );
    case "resolved":
      return formatLine(
        when,
        `second clean recheck.${note === undefined ? "" : ` ${sanitise(note)}`} Resolved.`,
        terminal,
        "green",
      );
    case "refused":
    case "suppressed":
    case "approved":
    case "contested":
    case "simulated":
    case "closed":
      return formatLine(when, `${kind}: ${sanitise(note ?? title)}`, terminal, "yellow");
  }
}

/** The calls of the rollback that a transition reports, in order. */
function callsBehind({ cause }: Transition, happenings: readonly Happening[]): readonly string[] {
  return happenings.flatMap((happening) =>
    happening.kind === "rollback" &&
    happening.outcome.status === "done" &&
    cause.kind === "rollback" &&
    happening.outcome.rollback.id === cause.rollbackId
      ? happening.outcome.rollback.plan.steps.map(({ call }) => call)
      : [],
  );
}

function formatRollback(
  { outcome }: Extract<Happening, { kind: "rollback" }>,
  terminal: Terminal,
): readonly string[] {
  switch (outcome.status) {
    case "nothing-to-do":
      return formatLine("plan", `none: ${sanitise(outcome.why)}`, terminal);
    case "enrolled":
    case "continues":
      return [];
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

// Sorted by the sequence number of each finding: a rollback commits transitions before its event arrives.
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
