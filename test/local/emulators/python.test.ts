import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const module = pathToFileURL(join(import.meta.dirname, "../../../packages/local/emulators/python.ts")).href;

describe("findPython", () => {
  let path: string;
  before(async () => {
    path = await mkdtemp(join(tmpdir(), "path-"));
  });
  after(() => rm(path, { recursive: true, force: true }));

  /** Returns what findPython returns or throws, as text, if the PATH is the test's folder. */
  async function find(): Promise<string> {
    const script = `import { findPython } from "${module}"; console.log(await findPython().catch(String));`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      env: { PATH: path },
    });
    return stdout;
  }

  it("throws an error that names the required version if there is no Python", async () => {
    assert.match(
      await find(),
      /^PythonMissingError: .*Python 3\.10 or later.*No python3 or python is on the PATH/,
    );
  });

  it("names the versions found if every Python is too old", async () => {
    const program = join(path, "python3");
    await writeFile(program, "#!/bin/sh\necho /usr/bin/python3; echo 3.8\n");
    await chmod(program, 0o755);
    assert.match(await find(), /^PythonMissingError: .*Found only: python3 is 3\.8/);
  });

  it("tries the next candidate after one that is too old", async () => {
    const program = join(path, "python");
    await writeFile(program, "#!/bin/sh\necho /opt/python; echo 3.14\n");
    await chmod(program, 0o755);
    assert.equal(await find(), "/opt/python\n");
  });
});
