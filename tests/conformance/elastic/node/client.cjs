// Sends and searches with npm's own client, and writes down what it was told.
// usage: node client.cjs FOLDER < {"url": …, "key": …, "documents": [{"id": …, …}, …]}
"use strict"

const { readFileSync } = require("node:fs")
const { createRequire } = require("node:module")

const load = createRequire(`${process.argv[2]}/`)
const { Client } = load("@elastic/elasticsearch")
const asked = JSON.parse(readFileSync(0, "utf8"))
const index = "audit-logs"
const sort = [{ "@timestamp": "asc" }]

async function drained(hits, more) {
  const found = []
  for (let page = hits; page.hits.hits.length; page = await more(page)) {
    found.push(...page.hits.hits.map((hit) => hit._id))
  }
  return found
}

async function main() {
  const client = new Client({ node: asked.url, auth: { apiKey: asked.key } })
  const told = {}
  const datasource = asked.documents
  const onDocument = ({ id, ...document }) => [{ create: { _index: index, _id: id } }, document]
  told.bulk = await client.helpers.bulk({ datasource, onDocument, refreshOnCompletion: index })
  told.again = await client.helpers.bulk({ datasource, onDocument, flushBytes: 2000 })
  const query = { match: { action: "DELETE" } }
  const found = await client.search({ index, query, size: 1000 })
  told.total = found.hits.total
  told.deleted = found.hits.hits.map((hit) => hit._id)

  told.scrolled = []
  for await (const document of client.helpers.scrollDocuments({ index, size: 7 })) {
    told.scrolled.push(document.id)
  }
  const { id } = await client.openPointInTime({ index, keep_alive: "1m" })
  const pit = { id, keep_alive: "1m" }
  told.paged = await drained(await client.search({ pit, size: 7, sort }), (page) => {
    const search_after = page.hits.hits.at(-1).sort
    return client.search({ pit: { ...pit, id: page.pit_id }, size: 7, sort, search_after })
  })
  told.closed = await client.closePointInTime({ id })

  const several = client.helpers.msearch()
  const both = await Promise.allSettled([
    several.search({ index }, { query, size: 0 }),
    several.search({ index: "nothing-here" }, { query }),
  ])
  several.stop()
  told.together = both.map((it) => it.value?.body.hits.total.value ?? it.reason.message)
  const aggs = { actions: { terms: { field: "event.action" } } }
  told.actions = (await client.search({ index, size: 0, aggs })).aggregations.actions.buckets
  told.count = (await client.count({ index })).count
  told.exists = [await client.indices.exists({ index }), await client.indices.exists({ index: "x" })]
  told.health = (await client.cluster.health()).status
  try {
    await client.search({ index, query: { fuzzy: { message: "repxrt" } } })
  } catch (error) {
    told.refused = [error.statusCode, error.message]
  }
  await client.close()
  process.stdout.write(JSON.stringify(told))
}

main()
