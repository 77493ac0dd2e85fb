import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { padCell, wrap, wrapLines } from "drift-guard/terminal";
import fc from "fast-check";
import { mainFile, runCli, runProcess, unwrap, writeTemporary } from "./process.ts";

const commands = [
  ...["check", "ensure", "compare", "explain", "reference", "findings", "rollback", "notify"],
  ...["suppress", "close", "migrate", "slr", "demo", "local", "template"],
];

describe("the command line", () => {
  it("prints its commands, and the usage of each command", async () => {
    const { code, stdout } = await runProcess(["--help"]);
    assert.equal(code, 0);
    for (const command of ["check", "compare", "explain", "demo", "local"]) {
      assert.match(stdout, new RegExp(`^ {2}${command} `, "m"));
      const own = await runProcess([command, "--help"]);
      assert.equal(own.code, 0);
      assert.match(own.stdout, new RegExp(`^Usage: drift-guard ${command}`, "m"));
    }
  });

  it("prints the usage of a command also for help with its name", async () => {
    const [asked, option] = [await runCli(["help", "check"]), await runCli(["check", "--help"])];
    assert.deepEqual(asked, option);
    assert.match((await runCli(["help"])).stdout, /^Usage: drift-guard <command>/m);
    const unknown = await runCli(["help", "chek"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /There is no command chek/);
  });

  it("prints its version", async () => {
    const { code, stdout } = await runCli(["--version"]);
    assert.equal(code, 0);
    const { version } = JSON.parse(await readFile(join(mainFile, "../package.json"), "utf8"));
    assert.equal(stdout, `${version}\n`);
    assert.deepEqual(await runProcess(["--version"]), { code, stdout, stderr: "" });
  });

  it("fits every line of help into 80 columns", async () => {
    for (const command of ["", ...commands]) {
      const { stdout } = await runCli([command, "--help"].filter((word) => word !== ""));
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    }
  });

  it("exits 2 and says so if its output cannot be written", async () => {
    const file = await writeTemporary("a.json", '{"Version":"2012-10-17","Statement":[]}');
    for (const args of [["--help"], ["compare", file, file]]) {
      const full = await open("/dev/full", "w");
      const child = spawn(process.execPath, [mainFile, ...args], { stdio: ["ignore", full.fd, "pipe"] });
      assert.ok(child.stderr);
      const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
      await full.close();
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, /^drift-guard: The output cannot be written: no space left on device\.$/m);
    }
  });

  it("prints its usage and exits 2 without a command", async () => {
    const { code, stdout } = await runProcess([]);
    assert.equal(code, 2);
    assert.match(stdout, /^Usage: drift-guard <command>/m);
  });

  it("names an unknown command or option, without a stack trace", async () => {
    for (const [args, complaint] of [
      [["chek"], /There is no command chek/],
      [
        ["check", "--acount", "x"],
        /^drift-guard: check has no option --acount\. See drift-guard check --help\.$/m,
      ],
      [["reference", "show", "-a"], /reference show has no option -a\. See drift-guard reference --help\.$/m],
      [["check", "--account"], /: --account needs a FILE\. See drift-guard check --help\.$/m],
      [["check", "--account", "--json"], /: --account needs a FILE\. See drift-guard check --help\.$/m],
      [["compare", "a", "b", "--account"], /: --account needs an ID\. See drift-guard compare --help\.$/m],
      [["demo", "--fast"], /demo has no option --fast/],
      [["demo", "extra"], /: demo takes no argument extra\. See drift-guard demo --help\.$/m],
      [["slr", "delete", "--yes", "Mine"], /slr delete takes no argument Mine\. See drift-guard slr --help/],
      [["local", "--port", "many"], /many is not a port/],
      [["explain", "x", "--json=yes"], /: --json takes no value\. See drift-guard explain --help\.$/m],
    ] as const) {
      const { code, stdout, stderr } = await runCli(args);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, complaint);
      assert.doesNotMatch(stderr, /\n {4}at /);
    }
  });
});

describe("an error", () => {
  it("is printed in lines of 100 columns if standard error is not a terminal", async () => {
    const { stderr } = await runProcess(["slr", "delete"]);
    const lines = stderr.trimEnd().split("\n");
    assert.ok(lines.length > 1);
    for (const line of lines) assert.ok(line.length <= 100, line);
    assert.match(unwrap(stderr), /drift-guard slr delete --yes\. $/);
  });
});

describe("lines for a terminal", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 40 });

  it("fit the columns and keep every word", () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 20, max: 120 }), (all, columns) => {
        const lines = wrap(all.join(" "), columns, "- ", "    ");
        for (const line of lines) assert.ok(line.length <= columns);
        assert.deepEqual(
          lines.flatMap((line, index) => line.slice(index === 0 ? 2 : 4).split(" ")),
          all,
        );
      }),
    );
  });

  it("keep the lines of a text and the indentation of each", () => {
    assert.deepEqual(wrapLines("one two\n  three four", 9, "  "), ["one two", "  three", "    four"]);
  });

  it("keep a word whole that is longer than the line", () => {
    assert.deepEqual(wrap("a arn:aws:iam::aws:policy/long b", 10), [
      "a",
      "arn:aws:iam::aws:policy/long",
      "b",
    ]);
  });

  it("are padded by their visible length", () => {
    assert.equal(padCell("\u001b[31mred\u001b[39m", 5), "\u001b[31mred\u001b[39m  ");
    assert.equal(padCell("longer", 3), "longer");
  });
});
