import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import type { Change, Subject } from "@drift-guard/core/model/change";
import { formatActor, formatOrigin } from "@drift-guard/formats/actors";
import { sanitise } from "@drift-guard/formats/printable";
import { type Command, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { ExplainOutput, type Explanation } from "../output/explain.ts";
import { formatJsonLine } from "../output/json.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { explainRecord } from "../trail/explanation.ts";
import { readTrail, TrailUnreadableError } from "../trail/records.ts";

/** `explain`: shows how the guard interprets CloudTrail records. */
export const explain: Command = {
  help: `Shows how the guard interprets CloudTrail records.

Usage: drift-guard explain FILE… [--json] [--config FILE]
       aws cloudtrail lookup-events … | drift-guard explain -

FILE holds CloudTrail records or EventBridge envelopes: a trail file
({"Records": […]}), JSON lines, a list, or a single record; gzip or not.
"-" is standard input. Files are read record by record, whatever their size.

  --json          print one JSON document per line and record
                  (docs/schemas/explain.schema.json)
  --config FILE   configuration that names the watched roles (default:
                  drift-guard.config.ts or .json in the working directory,
                  else the three roles of the AWS Batch User Guide)

Exit codes: 0 every record was read, 2 some records were unreadable; the output
names the place of each.
`,
  async run(args, terminal) {
    const { values, positionals: files } = parseCommandLine("explain", args, {
      json: { type: "boolean" },
      config: { type: "string", value: "a FILE" },
    });
    if (files.length === 0)
      throw new UsageError('explain takes a file of CloudTrail records, or "-" for standard input.');
    const watchedRoles = listWatchedRoles({ config: await loadConfig(values.config) });
    const tally = new ExplanationTally();
    const show = async (explanation: Explanation) => {
      tally.count(explanation);
      await terminal.print(
        ...(values.json
          ? [formatJsonLine(ExplainOutput, { schema: 1, ...explanation })]
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
        ...lines(sanitise(reason, 500), ...behind, "watched roles: unknown until the account is read"),
      ];
    }
    case "irrelevant":
      return [`${place} ${paint("dim", "ignored:")} ${sanitise(explanation.why)}`];
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
      `watched: ${guarded.map((name) => sanitise(name)).join(", ")}; the guard reads it now and again later${refused ? ", and reports the attempt" : ""}`,
    ];
  }
  if (toRead.length > 0) return [subjects, "watched roles: unknown until the account is read"];
  return [subjects, "not watched: the guard reads nothing"];
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

/** Counts explained records for the summary line. */
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
      `${this.#guarded} about watched roles`,
      ...(this.#toRead > 0 ? [`${this.#toRead} unknown until the account is read`] : []),
      `${this.unreadable} unreadable`,
    ];
    return `${records} ${records === 1 ? "record" : "records"}: ${parts.join(", ")}`;
  }
}
