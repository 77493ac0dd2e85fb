import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import type { Change, Subject } from "@drift-guard/core/model/change";
import { formatActor, formatOrigin } from "@drift-guard/formats/actors";
import { sanitise } from "@drift-guard/formats/printable";
import { type Command, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { type Explanation, explainRecord } from "../trail/explanation.ts";
import { readTrail, TrailUnreadableError } from "../trail/records.ts";

/** `explain`: what the guard makes of CloudTrail records. */
export const explain: Command = {
  help: `Tells what the guard makes of CloudTrail records.

Usage: drift-guard explain FILE… [--json] [--config FILE]
       aws cloudtrail lookup-events … | drift-guard explain -

FILE holds CloudTrail records or EventBridge envelopes: a trail file ({"Records": […]}), JSON lines, a list,
or a single one; gzip or not. "-" is standard input. Files of any size are read record by record.

  --json          one line of JSON for each record
  --config FILE   the configuration that says which roles are guarded (default: drift-guard.config.ts here,
                  else one that guards the three roles of the guide)

Exit codes: 0 every record was read, 2 some could not be; each of those is named by its place.
`,
  async run(args, terminal) {
    const { values, positionals: files } = parseCommandLine(args, {
      json: { type: "boolean" },
      config: { type: "string" },
    });
    if (files.length === 0)
      throw new UsageError('Name a file of CloudTrail records, or "-" for standard input.');
    const watchedRoles = listWatchedRoles({ config: await loadConfig(values.config) });
    const tally = new ExplanationTally();
    const show = async (explanation: Explanation) => {
      tally.count(explanation);
      await terminal.print(
        ...(values.json
          ? [JSON.stringify(explanation)]
          : formatExplanation(explanation, files.length > 1, terminal)),
      );
    };
    for (const file of files) {
      try {
        for await (const record of readTrail(file)) await show(explainRecord(record, watchedRoles));
      } catch (error) {
        if (!(error instanceof TrailUnreadableError)) throw error;
        await show({ file, kind: "unreadable", problem: error.message });
      }
    }
    if (!values.json) await terminal.print("", tally.formatSummary());
    return tally.unreadable > 0 ? 2 : 0;
  },
};

const indent = "    ";

function formatExplanation(
  explanation: Explanation,
  several: boolean,
  terminal: Terminal,
): readonly string[] {
  const { paint, columns } = terminal;
  const place = paint("dim", formatPosition(explanation, several));
  const lines = (...texts: readonly string[]) => texts.flatMap((text) => wrap(text, columns, indent));
  switch (explanation.kind) {
    case "unreadable": {
      const { record, line, offset, problem } = explanation;
      const where = record === undefined ? "" : ` (record ${record}, line ${line}, byte ${offset})`;
      return [`${place} ${paint("red", `unreadable${where}`)}`, ...lines(sanitise(problem, 500))];
    }
    case "symptom": {
      const { at, what, reason, subjects } = explanation.symptom;
      const behind = subjects.length === 0 ? [] : [`on ${subjects.map(formatSubject).join(", ")}`];
      return [
        `${place} ${sanitise(at, 40)} ${sanitise(what)}`,
        ...lines(
          sanitise(reason, 500),
          ...behind,
          "the roles behind it, if any, are found by a read of the account",
        ),
      ];
    }
    case "irrelevant":
      return [`${place} ${paint("dim", "not for the guard:")} ${sanitise(explanation.why)}`];
    case "change": {
      const call = formatCall(explanation.change);
      return [
        `${place} ${explanation.guarded.length > 0 ? paint("bold", call) : call}`,
        ...lines(formatCaller(explanation.change), ...formatConcern(explanation)),
      ];
    }
  }
}

function formatPosition({ file, record }: Explanation, several: boolean): string {
  const number = record === undefined ? "" : `#${record}`;
  return several ? sanitise(file) + number : number || sanitise(file);
}

function formatCall({ at, call, outcome }: Change): string {
  const how =
    outcome.status === "succeeded"
      ? "succeeded"
      : `was refused (${sanitise(outcome.code, 80)}) and changed nothing`;
  return `${sanitise(at, 40)} ${sanitise(call)} ${how}`;
}

function formatCaller({ actor }: Change): string {
  const origin = formatOrigin(actor);
  return `by ${formatActor(actor)}${origin === undefined ? "" : ` from ${origin}`}`;
}

function formatConcern({
  change,
  guarded,
  toRead,
}: Extract<Explanation, { kind: "change" }>): readonly string[] {
  const subjects = `on ${change.subjects.map(formatSubject).join(", ")}`;
  const refused = change.outcome.status === "refused";
  if (guarded.length > 0) {
    return [
      subjects,
      `guarded: ${guarded.map((name) => sanitise(name)).join(", ")}, which the guard reads now and again later${refused ? ", and tells of the attempt" : ""}`,
    ];
  }
  if (toRead.length > 0) return [subjects, "guarded roles, if any, are found by a read of the account"];
  return [subjects, "not guarded: nothing is read"];
}

function formatSubject(subject: Subject): string {
  switch (subject.kind) {
    case "policy":
      return `policy ${sanitise(subject.arn)}`;
    case "profile":
      return `instance profile ${sanitise(subject.name)}`;
    case "compute-environment":
      return `compute environment ${sanitise(subject.name)}`;
    case "job-definition":
      return `job definition ${sanitise(subject.name)}`;
    case "role":
      return `role ${sanitise(subject.name)}`;
  }
}

/** What all the records came to. */
class ExplanationTally {
  #records = 0;
  unreadable = 0;
  #guarded = 0;
  #toRead = 0;

  count(explanation: Explanation): void {
    if (explanation.record !== undefined) this.#records += 1;
    if (explanation.kind === "unreadable") this.unreadable += 1;
    if (explanation.kind === "symptom") this.#toRead += 1;
    if (explanation.kind !== "change") return;
    if (explanation.guarded.length > 0) this.#guarded += 1;
    else if (explanation.toRead.length > 0) this.#toRead += 1;
  }

  formatSummary(): string {
    const records = this.#records;
    const parts = [
      `${this.#guarded} of guarded roles`,
      ...(this.#toRead > 0 ? [`${this.#toRead} that may be, which a read tells`] : []),
      `${this.unreadable} unreadable`,
    ];
    return `${records} ${records === 1 ? "record" : "records"}: ${parts.join(", ")}`;
  }
}
