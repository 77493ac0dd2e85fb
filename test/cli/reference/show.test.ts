import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { builtInReferences, findReference } from "@drift-guard/core/reference/built-in";
import { defineReference } from "@drift-guard/core/reference/reference";
import { ReferenceListOutput, ReferenceShowOutput } from "drift-guard/output/reference";
import { allow } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { readOutput } from "../outputs.ts";
import { runProcess, unwrap } from "../process.ts";
import { home, ownersFolder, reference, written } from "./owner.ts";

describe("reference list", () => {
  it("prints every built-in reference with source, date and strictness", async () => {
    const { code, stdout, stderr } = await runProcess(["reference", "list"], { cwd: home });
    assert.deepEqual([code, stderr], [0, ""]);
    for (const { role, source } of builtInReferences()) {
      assert.match(stdout, new RegExp(`^${role}$`, "m"));
      assert.ok(stdout.includes(source.date));
    }
    assert.match(stdout, /trust exact/);
  });

  it("prints a JSON document with the owner's references first", async () => {
    const { cwd } = await ownersFolder("");
    const own = { ...JSON.parse(await written("ecsInstanceRole")), role: "Mine" };
    const config = { $schema: "./config.schema.json", roles: { Mine: {} }, references: [own] };
    await writeFile(join(cwd, "drift-guard.config.json"), JSON.stringify(config));
    const { stdout } = await reference(cwd, "list", "--json");
    const [first, ...others] = readOutput(ReferenceListOutput, stdout).items;
    assert.deepEqual([first?.role, first?.builtIn], ["Mine", false]);
    assert.equal(others.length, builtInReferences().length);
  });
});

describe("reference show", () => {
  it("prints trust, attachments, grants, retired policies and the instance profile", async () => {
    const { code, stdout } = await reference(
      home,
      "show",
      "ecsInstanceRole",
      "amazonec2spotfleettaggingrole",
    );
    assert.equal(code, 0);
    assert.match(stdout, /Who may assume it\n +sts:AssumeRole by Service ec2\.amazonaws\.com/);
    assert.match(
      stdout,
      /Must have attached: .*AmazonEC2ContainerServiceforEC2Role \(v10,\s+source\s+dated\s+2026-02-12\)/,
    );
    assert.match(stdout, /ecs:Submit\*/);
    assert.match(stdout, /Instance profile\n +ecsInstanceRole/);
    assert.match(stdout, /Must not have attached: .*\/AmazonEC2SpotFleetRole/);
  });

  it("prints a reference as JSON that is read back unchanged", async () => {
    for (const known of builtInReferences()) {
      const { stdout } = await reference(home, "show", known.role, "--json");
      ReferenceShowOutput.parse(JSON.parse(stdout));
      assert.deepEqual(defineReference(JSON.parse(stdout)), known);
    }
  });

  it("prints several references as items of one JSON document", async () => {
    const { stdout } = await reference(home, "show", "ecsInstanceRole", "ecsTaskExecutionRole", "--json");
    const document = ReferenceShowOutput.parse(JSON.parse(stdout));
    assert.deepEqual("items" in document && document.items, [
      referenceOf("ecsInstanceRole"),
      referenceOf("ecsTaskExecutionRole"),
    ]);
  });

  it("prints the boundary's document, description, maximum session duration and tags", async () => {
    const { cwd } = await ownersFolder("");
    const own = {
      ...JSON.parse(await written("ecsInstanceRole")),
      role: "Mine",
      boundary: {
        arn: "arn:aws:iam::123456789012:policy/limits",
        document: JSON.parse(allow("s3:GetObject")),
      },
      description: "",
      maxSession: 7_200,
      tags: { team: "blue" },
    };
    const config = { roles: { Mine: {} }, references: [own] };
    await writeFile(join(cwd, "drift-guard.config.json"), JSON.stringify(config));
    const { stdout } = await reference(cwd, "show", "Mine");
    assert.match(
      stdout,
      /Permissions boundary\n +arn:aws:iam::123456789012:policy\/limits\n +s3:GetObject on \*\n\n +Description\n +""\n\n +Maximum session duration\n +7200 seconds\n\n +Tags\n +team = "blue"/,
    );
  });

  it("prints the reference as another partition has it with --partition", async () => {
    const china = await reference(home, "show", "AWSBatchServiceRole", "--partition", "aws-cn");
    assert.match(
      china.stdout,
      /Must have attached: arn:aws-cn:iam::aws:policy\/service-role\/AWSBatchServiceRole/,
    );
    assert.doesNotMatch(china.stdout, /arn:aws:/);
    const wrong = await reference(home, "show", "AWSBatchServiceRole", "--partition", "china");
    assert.match(wrong.stderr, /china is not a partition/);
  });

  it("prints only the trust policy, for the AWS CLI", async () => {
    const { code, stdout } = await reference(home, "show", "ecsTaskExecutionRole", "--trust");
    assert.equal(code, 0);
    assert.match(stdout, /^\{\n {2}"Version"/);
    assert.deepEqual(
      JSON.parse(stdout),
      JSON.parse(findReference("ecsTaskExecutionRole")?.trust ?? "the reference is not there"),
    );
    const two = await reference(home, "show", "ecsTaskExecutionRole", "ecsInstanceRole", "--trust");
    assert.equal(two.code, 2);
    assert.match(unwrap(two.stderr), /name one reference/);
  });

  it("names the known references if there is none of that name", async () => {
    const { code, stderr } = await reference(home, "show", "Nobody");
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /no reference Nobody, only AWSBatchServiceRole/);
  });
});

describe("reference check", () => {
  it("reports the built-in references as sound", async () => {
    const { code, stdout } = await reference(home, "check");
    assert.equal(code, 0);
    const count = builtInReferences().length;
    assert.ok(stdout.includes(`${count} references are sound; the configuration names 3 watched roles.`));
  });

  it("names file and path of an invalid reference", async () => {
    const { cwd } = await ownersFolder("");
    const bad = JSON.parse(await written("ecsInstanceRole"));
    bad.attachments[0].document.Statement[0].Effect = "Perhaps";
    await writeFile(join(cwd, "bad.json"), JSON.stringify(bad));
    const { code, stderr } = await reference(cwd, "check", "bad.json");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /The reference bad\.json is not valid[\s\S]*Effect[\s\S]*attachments\[0\]\.document/,
    );
    await writeFile(join(cwd, "bad.json"), "{");
    assert.match(
      unwrap((await reference(cwd, "check", "bad.json")).stderr),
      /bad\.json is not JSON \(line 1, column 2\)/,
    );
    await writeFile(join(cwd, "bad.json"), '{"role": "Worker"}');
    assert.match(
      unwrap((await reference(cwd, "check", "bad.json")).stderr),
      /bad\.json is not valid: source is missing trust is missing attachments is missing boundary is missing docs\/references\.md describes/,
    );
    assert.match(
      unwrap((await reference(cwd, "check", "no.json")).stderr),
      /There is no file no\.json\. Check/,
    );
  });

  it("counts a file that the configuration names once", async () => {
    const { cwd } = await ownersFolder("");
    const worker = { ...JSON.parse(await written("ecsInstanceRole")), role: "Worker", profile: "Worker" };
    await writeFile(join(cwd, "Worker.json"), JSON.stringify(worker));
    await writeFile(
      join(cwd, "drift-guard.config.json"),
      JSON.stringify({ roles: { Worker: {} }, references: [worker] }),
    );
    const count = builtInReferences().length + 1;
    for (const files of [[], ["Worker.json"], ["Worker.json", "Worker.json"]]) {
      const { stdout } = await reference(cwd, "check", ...files);
      assert.ok(stdout.startsWith(`${count} references are sound;`), stdout);
    }
    await writeFile(join(cwd, "Worker.json"), JSON.stringify({ ...worker, purpose: "Another one" }));
    const changed = await reference(cwd, "check", "Worker.json");
    assert.ok(changed.stdout.startsWith(`${count + 1} references are sound;`), changed.stdout);
  });

  it("reports a reference that no role can match", async () => {
    const { cwd } = await ownersFolder("");
    const odd = JSON.parse(await written("ecsInstanceRole"));
    odd.attachments[0].document.Statement[0].Principal = "*";
    await writeFile(join(cwd, "odd.json"), JSON.stringify(odd));
    const { code, stdout } = await reference(cwd, "check", "odd.json");
    assert.equal(code, 1);
    assert.match(stdout, /would not be clean/);
    assert.ok(stdout.includes(`1 of ${builtInReferences().length + 1} references are unsound`));
  });
});

describe("reference", () => {
  it("requires a subcommand", async () => {
    assert.match(
      unwrap((await reference(home)).stderr),
      /needs a subcommand: list, show, capture, check, refresh/,
    );
    assert.match(unwrap((await reference(home, "renew")).stderr), /no subcommand renew/);
    assert.match((await reference(home, "--help")).stdout, /Usage: drift-guard reference/);
  });
});
