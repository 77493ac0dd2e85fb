import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";

/** A file of an archive; its name has forward slashes and no leading one. */
export interface ArchivedFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** A ZIP archive of every file under a folder. */
export async function zipFolder(folder: string): Promise<Uint8Array> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
  return zip(
    await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) }))),
  );
}

// Every entry is of the first day that the format knows, so that equal files make equal archives.
const firstDay = (1 << 5) | 1;
const utf8Names = 1 << 11;
const deflated = 8;
const version = 20;
const unixFile = 0o100644 << 16;

/** A ZIP archive (PKWARE APPNOTE 6.3, without ZIP64): what Lambda takes as code. */
export function zip(files: readonly ArchivedFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content } of files) {
    const encoded = Buffer.from(name);
    const data = deflateRawSync(content);
    const common = Buffer.concat([
      halves(version, utf8Names, deflated, 0, firstDay),
      words(crc32(content), data.length, content.length),
      halves(encoded.length, 0),
    ]);
    const local = Buffer.concat([words(0x04034b50), common, encoded, data]);
    directory.push(
      Buffer.concat([
        words(0x02014b50),
        halves((3 << 8) | version), // made on Unix, whose modes the next words hold
        common,
        halves(0, 0, 0),
        words(unixFile, offset),
        encoded,
      ]),
    );
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.concat([
    words(0x06054b50),
    halves(0, 0, files.length, files.length),
    words(index.length, offset),
    halves(0),
  ]);
  return Buffer.concat([...parts, index, end]);
}

function halves(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => {
    bytes.writeUInt16LE(value, at * 2);
  });
  return bytes;
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => {
    bytes.writeUInt32LE(value >>> 0, at * 4);
  });
  return bytes;
}
