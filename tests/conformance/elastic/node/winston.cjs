// Logs with winston, whose lines go to Elasticsearch.
// usage: node winston.cjs FOLDER < {"url": …, "key": …, "lines": [[text, {…}], …]}
"use strict"

const { readFileSync } = require("node:fs")
const { createRequire } = require("node:module")

const load = createRequire(`${process.argv[2]}/`)
const winston = load("winston")
const { ElasticsearchTransport } = load("winston-elasticsearch")
const asked = JSON.parse(readFileSync(0, "utf8"))

async function main() {
  const transport = new ElasticsearchTransport({
    indexPrefix: "audit",
    flushInterval: 100,
    clientOpts: { node: asked.url, auth: { apiKey: asked.key } },
  })
  const warned = []
  transport.on("warning", (error) => warned.push(String(error)))
  const logger = winston.createLogger({ transports: [transport] })
  for (const [text, more] of asked.lines) logger.warn(text, more)
  await transport.flush()
  while (transport.bulkWriter.bulk.length && !warned.length) {
    await new Promise((wake) => setTimeout(wake, 50))
    await transport.flush()
  }
  process.stdout.write(JSON.stringify({ warned }), () => process.exit(0))
}

main()
