// Logs with pino, whose lines go to Elasticsearch.
// usage: node pino.cjs FOLDER < {"url": …, "key": …, "lines": [[text, {…}], …]}
"use strict"

const { readFileSync } = require("node:fs")
const { createRequire } = require("node:module")

const load = createRequire(`${process.argv[2]}/`)
const pino = load("pino")
const pinoElastic = load("pino-elasticsearch")
const asked = JSON.parse(readFileSync(0, "utf8"))

const stream = pinoElastic({ index: "audit-logs", node: asked.url, auth: { apiKey: asked.key } })
const told = { dropped: [] }
stream.on("insertError", (error) => told.dropped.push(error.document))
stream.on("error", (error) => fail(error))
stream.on("insert", (stats) => {
  process.stdout.write(JSON.stringify({ ...told, stats }))
})

function fail(error) {
  process.stderr.write(String(error))
  process.exit(1)
}

const logger = pino(stream)
for (const [text, more] of asked.lines) logger.warn(more, text)
stream.end()
