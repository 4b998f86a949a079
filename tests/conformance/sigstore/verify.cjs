// Verifies super-checkpoints and the proofs of epoch records with the code of npm's own verifier.
//
// Reads a JSON array of claims from standard input and writes an array of verdicts: "" where a
// claim holds, else why it does not.
"use strict";
const { createPublicKey } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");

const here = createRequire(`${process.argv[2]}/package.json`);
const { verifyCheckpoint } = here("@sigstore/verify/dist/timestamp/checkpoint.js");
const { verifyMerkleInclusion } = here("@sigstore/verify/dist/timestamp/merkle.js");

// An Ed25519 key in the form that Node reads (RFC 8410).
const PREFIX = Buffer.from("302a300506032b6570032100", "hex");

function verdict({ vkey, note, index, hashes, leaf }) {
  const [, id, encoded] = /^[^+]+\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
  const key = Buffer.concat([PREFIX, Buffer.from(encoded, "base64").subarray(1)]);
  const log = {
    logID: Buffer.from(id, "hex"),
    publicKey: createPublicKey({ key, format: "der", type: "spki" }),
    validFor: { start: new Date(0), end: new Date(8.64e15) },
  };
  const [, size, root] = note.split("\n");
  const entry = {
    integratedTime: "1",
    canonicalizedBody: Buffer.from(leaf, "base64"),
    inclusionProof: {
      logIndex: String(index),
      treeSize: size,
      rootHash: Buffer.from(root, "base64"),
      hashes: hashes.map((hash) => Buffer.from(hash, "base64")),
      checkpoint: { envelope: note },
    },
  };
  try {
    verifyCheckpoint(entry, [log]);
    verifyMerkleInclusion(entry);
    return "";
  } catch (error) {
    return error.message || String(error);
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(verdict)));
