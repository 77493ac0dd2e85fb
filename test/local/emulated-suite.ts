import { after, before, describe } from "node:test";
import { type Emulators, startEmulators } from "@drift-guard/local/emulators/emulators";
import { installEmulators } from "@drift-guard/local/emulators/python";
import { type Recorder, startRecorder } from "@drift-guard/local/recorder/recorder";

/** Emulators and the recorder in front of them, started once per suite. */
export interface LocalServices {
  readonly emulators: Emulators;
  readonly recorder: Recorder;
}

// Importing this module installs the emulators. If that fails, a local run skips the suites, and a run in CI fails here.
const missing = await installEmulators({ report: (line) => console.error(line) }).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
);
if (missing && process.env.CI === "true") throw missing;

/** Declares a suite that needs the emulators, or skips it with a reason if they cannot be installed. */
export function describeEmulated(name: string, suite: () => void): void {
  const skip = missing === undefined ? false : `no emulators: ${missing.message.split("\n")[0]}`;
  describe(name, { skip }, suite);
}

/** Declares a suite with emulators started once for it, or skips it with a reason if they cannot be installed. */
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
      if (!started)
        throw new Error("Call this inside a test or hook: the emulators start in the suite's before hook.");
      return started;
    });
  });
}
