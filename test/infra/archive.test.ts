import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { crc32, inflateRawSync } from "node:zlib";
import { type ArchivedFile, zip, zipFolder } from "@drift-guard/infra/archive";
import fc from "fast-check";

/** Reads an archive from the directory at its end, as unzip does, and verifies each length and checksum. */
function unzip(archive: Uint8Array): ArchivedFile[] {
  const bytes = Buffer.from(archive);
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const files: ArchivedFile[] = [];
  let at = bytes.readUInt32LE(end + 16);
  assert.equal(at + bytes.readUInt32LE(end + 12), end);
  for (let count = bytes.readUInt16LE(end + 10); count > 0; count--) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50);
    const [checksum, packed, size] = [16, 20, 24].map((field) => bytes.readUInt32LE(at + field));
    const nameLength = bytes.readUInt16LE(at + 28);
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    assert.equal(bytes.readUInt32LE(local), 0x04034b50);
    assert.equal(bytes.toString("utf8", local + 30, local + 30 + nameLength), name);
    const start = local + 30 + nameLength + bytes.readUInt16LE(local + 28);
    const content = inflateRawSync(bytes.subarray(start, start + (packed ?? 0)));
    assert.equal(content.length, size);
    assert.equal(crc32(content), checksum);
    files.push({ name, content: new Uint8Array(content) });
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

describe("zip", () => {
  it("keeps the name and the content of every file", () => {
    const file = fc.record(
      { name: fc.string({ minLength: 1, unit: "grapheme" }), content: fc.uint8Array() },
      { noNullPrototype: true },
    );
    const files = fc.uniqueArray(file, { maxLength: 8, selector: ({ name }) => name });
    fc.assert(
      fc.property(files, (files) => {
        const byName = (one: ArchivedFile, other: ArchivedFile) => (one.name < other.name ? -1 : 1);
        assert.deepEqual(unzip(zip(files)).toSorted(byName), files.toSorted(byName));
      }),
    );
  });

  it("makes equal archives of equal files", () => {
    const files = [{ name: "index.mjs", content: Buffer.from("export const a = 1;") }];
    assert.deepEqual(zip(files), zip(files));
  });
});

describe("zipFolder", () => {
  it("archives the files of every level, with forward slashes and without entries for folders", async () => {
    const folder = await mkdtemp(join(tmpdir(), "archive-"));
    try {
      await mkdir(join(folder, "inner"));
      await writeFile(join(folder, "inner", "data.json"), "{}");
      await writeFile(join(folder, "index.mjs"), "export {};");
      const names = unzip(await zipFolder(folder)).map(({ name }) => name);
      assert.deepEqual(names, ["index.mjs", "inner/data.json"]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
