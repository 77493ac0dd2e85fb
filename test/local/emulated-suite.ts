import { after, before, describe } from "node:test";
import { type Emulators, startEmulators } from "@drift-guard/local/emulators/emulators";
import { installEmulators } from "@drift-guard/local/emulators/python";
import { type Recorder, startRecorder } from "@drift-guard/local/recorder/recorder";

/** The emulators behind a recorder: one pair per test file. */
export interface LocalServices {
  readonly emulators: Emulators;
  readonly recorder: Recorder;
}

// Where they cannot be had, a developer goes without these tests; a build that is to prove something may not.
const missing = await installEmulators({ report: (line) => console.error(line) }).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
);
if (missing && process.env.CI === "true") throw missing;

/** A suite that needs the emulators; skipped in one line where they cannot be had. */
export function describeEmulated(name: string, suite: () => void): void {
  const skip = missing === undefined ? false : `no emulators: ${missing.message.split("\n")[0]}`;
  describe(name, { skip }, suite);
}

/** A suite over emulators that are started once for it; skipped in one line where they cannot be had. */
export function withEmulators(name: string, suite: (services: () => LocalServices) => void): void {
  describeEmulated(name, () => {
    let started: LocalServices | undefined;
    before(async () => {
      const emulators = await startEmulators();
      started = { emulators, recorder: await startRecorder(emulators) };
    });
    after(async () => {
      await started?.recorder.stop();
      await started?.emulators.stop();
    });
    suite(() => {
      if (!started) throw new Error("The emulators are started before the suite's first test, not earlier.");
      return started;
    });
  });
}
