import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { runProcess } from "./process.ts";

function makeHome(context: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), "drift-guard-home-"));
  context.after(() => rmSync(home, { recursive: true }));
  return home;
}

const help = (home: string) => runProcess(["compare", "--help"], { env: { HOME: home } });

describe("compiled modules", () => {
  it("are kept in a folder of the user that nobody else can write", async (context) => {
    const home = makeHome(context);
    const { code, stderr } = await help(home);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const folder = join(home, ".cache", "drift-guard");
    assert.equal(statSync(folder).mode & 0o077, 0);
    assert.equal(readdirSync(folder).length, 1);
  });

  it("are not read from a folder that others can write", async (context) => {
    const home = makeHome(context);
    const folder = join(home, ".cache", "drift-guard");
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    assert.equal((await help(home)).code, 0);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("are not kept, and the command runs, if there is no home", async () => {
    const { code, stderr } = await help("/proc/none");
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });
});
