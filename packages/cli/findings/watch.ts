import { setTimeout } from "node:timers/promises";
import type { Finding } from "@drift-guard/core/model/finding";
import { instantOf } from "@drift-guard/core/model/instant";
import type { ExitCode } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { type Selection, selectFindings } from "./selection.ts";
import { type FindingsSession, readAllFindings } from "./session.ts";
import { formatTable } from "./table.ts";

/** How the list is drawn while it is watched. */
export interface WatchView {
  readonly terminal: Terminal;
  /** Returns the lines of the whole list: `all` stored findings, and those `chosen`. */
  draw(all: readonly Finding[], chosen: readonly Finding[]): readonly string[];
  /** Whether each change prints the whole list, also into a pipe. By default, a pipe gets the changed findings. */
  readonly whole?: true;
}

// A file is at hand; a table costs a read of all findings each time.
const everyMs = { file: 1_000, table: 10_000 };

/**
 * Shows the chosen findings and each change of them, until Ctrl-C. A screen is drawn again; a pipe gets one line for each
 * finding that is new, has changed or is no longer chosen. Returns 1 if one of the findings was open at the end.
 */
export async function watchFindings(
  session: FindingsSession,
  selection: Selection,
  { terminal, draw, whole }: WatchView,
): Promise<ExitCode> {
  const ended = new AbortController();
  const end = () => ended.abort();
  process.once("SIGINT", end);
  let before = new Map<string, string>();
  let chosen: readonly Finding[] = [];
  let isFirst = true;
  try {
    while (!ended.signal.aborted) {
      const all = await readAllFindings(session);
      const now = instantOf(new Date());
      const last = chosen;
      chosen = selectFindings(all, selection, now);
      const marks = new Map(chosen.map((finding) => [finding.id, markOf(finding)]));
      const changed = chosen.filter(({ id }) => before.get(id) !== marks.get(id));
      const gone = last.filter(({ id }) => !marks.has(id));
      const hasChanged = isFirst || changed.length > 0 || gone.length > 0;
      if (terminal.isScreen && whole === undefined) {
        // ESC [ H goes to the first line, ESC [ 2 J clears the screen. Ages change also where no finding does.
        const lines = fitScreen(draw(all, chosen), terminal.rows);
        await terminal.print(`\u001b[H\u001b[2J${lines.join("\n")}`);
      } else if (hasChanged && whole) await terminal.print(...draw(all, chosen));
      else if (isFirst) await terminal.print(...draw(all, chosen));
      else if (hasChanged) await terminal.print(...formatChanges(changed, gone, { all, now, terminal }));
      before = marks;
      isFirst = false;
      await setTimeout(session.account === undefined ? everyMs.file : everyMs.table, undefined, {
        signal: ended.signal,
      }).catch(() => {});
    }
  } finally {
    process.removeListener("SIGINT", end);
  }
  return chosen.some(({ state }) => state === "open") ? 1 : 0;
}

/** Returns the lines of a list that fit a screen, with the worst findings and the counts at its end. */
function fitScreen(lines: readonly string[], rows = Number.POSITIVE_INFINITY): readonly string[] {
  const end = lines.slice(lines.lastIndexOf(""));
  const table = lines.slice(0, lines.length - end.length);
  // The cursor stands on a line of its own, and another one says what is left out.
  const room = Math.max(2, rows - end.length - 2);
  if (table.length <= room + 1) return lines;
  const left = table.length - room;
  return [...table.slice(0, room), `${left} more do not fit the screen.`, ...end];
}

function markOf({ seq, state, severity, evidence }: Finding): string {
  return JSON.stringify([seq, state, severity, evidence]);
}

function formatChanges(
  changed: readonly Finding[],
  gone: readonly Finding[],
  {
    all,
    now,
    terminal,
  }: {
    readonly all: readonly Finding[];
    readonly now: ReturnType<typeof instantOf>;
    readonly terminal: Terminal;
  },
): readonly string[] {
  const rows = (findings: readonly Finding[]) => formatTable({ findings, all, now }, terminal).slice(1);
  return [
    ...rows(changed).map((row) => `${now}  ${row}`),
    ...rows(gone).map((row) => `${now}  no longer listed: ${row}`),
  ];
}
