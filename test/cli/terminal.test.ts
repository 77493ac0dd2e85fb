import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { describe, it } from "node:test";
import { openTerminal } from "drift-guard/terminal";

function open(isTTY: boolean) {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 40 });
  const terminal = openTerminal({ stdin: Readable.from([]), stdout: new PassThrough(), stderr });
  return { terminal, read: () => String(stderr.read() ?? "") };
}

describe("progress", () => {
  it("replaces one line of standard error, no longer than the terminal", () => {
    const { terminal, read } = open(true);
    terminal.progress("Reading IAM: 100 roles");
    terminal.progress("x".repeat(80));
    terminal.progress("");
    assert.equal(read(), `\rReading IAM: 100 roles\u001b[K\r${"x".repeat(39)}\u001b[K\r\u001b[K`);
  });

  it("is not shown where standard error is no terminal", () => {
    const { terminal, read } = open(false);
    terminal.progress("Reading IAM: 100 roles");
    assert.equal(read(), "");
  });
});
