import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it, mock } from "node:test";
import { isProcessAlive, takeProcessLock } from "@drift-guard/infra/process-lock";

/** A process id that no process has: of a child that has ended. */
async function anEndedProcess(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "close");
  return child.pid ?? assert.fail("the child did not start");
}

/** Has every question whether a process exists fail with this code, as for a process of another user. */
function failSignals(code: string) {
  return mock.method(process, "kill", () => {
    throw Object.assign(new Error(`kill ${code}`), { code });
  });
}

describe("a process", () => {
  it("is alive while it runs, and not after it has ended", async () => {
    assert.equal(isProcessAlive(process.pid), true);
    assert.equal(isProcessAlive(await anEndedProcess()), false);
  });

  it("of another user is alive: the operating system refuses to signal it", () => {
    const kill = failSignals("EPERM");
    try {
      assert.equal(isProcessAlive(1), true);
    } finally {
      kill.mock.restore();
    }
  });
});

describe("the process lock", () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "drift-guard-lock-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(() => {
    file = join(folder, `${Math.random()}`, "install.lock");
  });

  it("holds the process id until it is freed", async () => {
    const unlock = await takeProcessLock(file, 0);
    assert.equal(await readFile(file, "utf8"), String(process.pid));
    await unlock();
    assert.equal(existsSync(file), false);
  });

  it("is waited for while its holder is alive", async () => {
    const order: string[] = [];
    const unlock = await takeProcessLock(file, 0);
    const second = takeProcessLock(file, 60_000).then((free) => {
      order.push("taken");
      return free();
    });
    order.push("freed");
    await unlock();
    await second;
    assert.deepEqual(order, ["freed", "taken"]);
  });

  it("is taken over from a process that has ended", async () => {
    await (await takeProcessLock(file, 0))();
    await writeFile(file, String(await anEndedProcess()));
    const unlock = await takeProcessLock(file, 0);
    assert.equal(await readFile(file, "utf8"), String(process.pid));
    await unlock();
  });

  it("is not taken over from a process of another user", async () => {
    await (await takeProcessLock(file, 0))();
    await writeFile(file, "1");
    const kill = failSignals("EPERM");
    try {
      await assert.rejects(takeProcessLock(file, 0), {
        name: "LockTimeoutError",
        message: /held the lock .*install\.lock for 0 seconds/,
      });
    } finally {
      kill.mock.restore();
    }
    assert.equal(await readFile(file, "utf8"), "1");
  });

  it("fails at once where the file cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    await assert.rejects(takeProcessLock(join(folder, "file", "install.lock"), 60_000), {
      code: /EEXIST|ENOTDIR/,
    });
  });
});
