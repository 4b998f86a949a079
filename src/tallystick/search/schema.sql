-- create_events: one row an event; a table to follow into, or the next one to rebuild into
CREATE TABLE IF NOT EXISTS {table:Identifier}
(
    -- A field's column is its path with _ for each dot. Absent text is '', an absent number NULL,
    -- a list that is absent is empty. Values that are sealed in the entry stand here in clear
    -- while they live; sealed_fields names them, as paths with dots, once an event.
    tenant                    UInt32 CODEC(ZSTD(1)),
    stream                    LowCardinality(String),
    occurred_at               DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    -- 16 bytes, which sort as their text does; a UUID here would sort by its second half.
    id                        FixedString(16) CODEC(ZSTD(1)),
    received_at               DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    slot                      UInt32 CODEC(ZSTD(1)),
    log                       LowCardinality(String),
    `index`                   UInt64 CODEC(Delta(8), ZSTD(1)),

    action                    LowCardinality(String),
    action_words              Array(LowCardinality(String)),
    crud                      LowCardinality(String),
    version                   Nullable(UInt32),
    class                     LowCardinality(String),
    via_door                  LowCardinality(String),
    via_key_id                LowCardinality(String),
    utc_offset_minutes        Int16 CODEC(ZSTD(1)),
    outcome                   LowCardinality(String),
    reason_code               LowCardinality(String),
    reason_text               String CODEC(ZSTD(3)),
    severity                  LowCardinality(String),
    duration_ms               Nullable(UInt64) CODEC(ZSTD(1)),
    message                   String CODEC(ZSTD(3)),
    external_id               String CODEC(ZSTD(3)),

    actor_type                LowCardinality(String),
    actor_id                  String CODEC(ZSTD(3)),
    actor_name                String CODEC(ZSTD(3)),
    actor_email               String CODEC(ZSTD(3)),
    actor_roles               Array(LowCardinality(String)),
    actor_authenticated_by    LowCardinality(String),
    actor_home_tenant         String CODEC(ZSTD(3)),

    delegation_kind           Array(LowCardinality(String)),
    delegation_principal_type Array(LowCardinality(String)),
    delegation_principal_id   Array(String) CODEC(ZSTD(3)),
    delegation_principal_name Array(String) CODEC(ZSTD(3)),
    delegation_reason         Array(String) CODEC(ZSTD(3)),
    delegation_grant_id       Array(String) CODEC(ZSTD(3)),
    delegation_approved_by    Array(String) CODEC(ZSTD(3)),

    agent_id                  String CODEC(ZSTD(3)),
    agent_model               LowCardinality(String),
    agent_version             LowCardinality(String),
    agent_run_id              String CODEC(ZSTD(3)),
    agent_tool                LowCardinality(String),
    agent_protocol            LowCardinality(String),
    agent_approval_id         String CODEC(ZSTD(3)),

    -- Lists of one length: an element of each for every target.
    targets_type              Array(LowCardinality(String)),
    targets_id                Array(String) CODEC(ZSTD(3)),
    targets_name              Array(String) CODEC(ZSTD(3)),
    targets_role              Array(LowCardinality(String)),
    targets_subject_id        Array(String) CODEC(ZSTD(3)),
    targets_subject_name      Array(String) CODEC(ZSTD(3)),
    targets_total             Nullable(UInt64) CODEC(ZSTD(1)),

    -- A value that is a text stands bare, any other as its canonical JSON.
    changes_path              Array(String) CODEC(ZSTD(3)),
    changes_op                Array(LowCardinality(String)),
    changes_before            Array(String) CODEC(ZSTD(3)),
    changes_after             Array(String) CODEC(ZSTD(3)),

    context_ip                String CODEC(ZSTD(3)),
    context_user_agent        String CODEC(ZSTD(3)),
    context_session_id        String CODEC(ZSTD(3)),
    context_request_id        String CODEC(ZSTD(3)),
    context_trace_id          String CODEC(ZSTD(3)),
    context_span_id           String CODEC(ZSTD(3)),
    context_channel           LowCardinality(String),
    context_service           LowCardinality(String),
    context_release           LowCardinality(String),
    context_location          String CODEC(ZSTD(3)),

    purpose_code              LowCardinality(String),
    purpose_text              String CODEC(ZSTD(3)),
    purpose_case_id           String CODEC(ZSTD(3)),
    operation_id              String CODEC(ZSTD(3)),
    operation_part            Nullable(UInt32),
    operation_parts           Nullable(UInt32),
    links_rel                 Array(LowCardinality(String)),
    links_id                  Array(String) CODEC(ZSTD(3)),
    source_id                 String CODEC(ZSTD(3)),
    source_sequence           Nullable(UInt64) CODEC(ZSTD(1)),

    -- One element of each for every leaf of the metadata, in its order: the path with dots (an
    -- element of an array has the path of the array), the text as above, the number or NaN, and
    -- whether it is sealed. Those of targets have paths of their own.
    metadata_path             Array(LowCardinality(String)),
    metadata_text             Array(String) CODEC(ZSTD(3)),
    metadata_number           Array(Float64) CODEC(ZSTD(3)),
    metadata_sealed           Array(Bool) CODEC(ZSTD(1)),
    targets_metadata_path     Array(LowCardinality(String)),
    targets_metadata_text     Array(String) CODEC(ZSTD(3)),
    targets_metadata_number   Array(Float64) CODEC(ZSTD(3)),

    sealed_fields             Array(LowCardinality(String)),
    -- Whom the sealed values belong to: 16 bytes each, in the order of the entry.
    subject_refs              Array(FixedString(16)) CODEC(ZSTD(1)),
    -- The tenant's erasures that this row has obeyed; older rows of an erased ref are hidden.
    erasures                  UInt32 CODEC(ZSTD(1)),

    -- All that free text is looked for in: words in lower case with one space between them, and
    -- \x01 between values, so that no phrase reaches from one value into the next. A word of a
    -- field is a word of this too, so that its index narrows questions about fields down.
    words String MATERIALIZED replaceAll(replaceRegexpAll(lowerUTF8(concatWithSeparator('\x01',
        message, reason_text, reason_code, action, arrayStringConcat(action_words, '\x01'),
        actor_id, actor_name, actor_email, arrayStringConcat(targets_type, '\x01'),
        arrayStringConcat(targets_id, '\x01'), arrayStringConcat(targets_name, '\x01'),
        arrayStringConcat(targets_subject_id, '\x01'),
        arrayStringConcat(targets_subject_name, '\x01'),
        arrayStringConcat(delegation_principal_id, '\x01'),
        arrayStringConcat(delegation_principal_name, '\x01'),
        arrayStringConcat(delegation_reason, '\x01'),
        arrayStringConcat(delegation_grant_id, '\x01'),
        arrayStringConcat(delegation_approved_by, '\x01'),
        agent_id, agent_model, agent_run_id, agent_tool, agent_approval_id,
        context_ip, context_user_agent, context_session_id, context_request_id, context_trace_id,
        context_service, context_location, purpose_code, purpose_text, purpose_case_id,
        operation_id, source_id, external_id,
        arrayStringConcat(changes_path, '\x01'), arrayStringConcat(changes_before, '\x01'),
        arrayStringConcat(changes_after, '\x01'), arrayStringConcat(metadata_text, '\x01'),
        arrayStringConcat(targets_metadata_text, '\x01'))),
        '[^\\pL\\pN\\x01]+', ' '), '\x01', ' \x01 ') CODEC(ZSTD(3)),
    -- What whole values are looked for in: field=value, of the fields that columns.py names. No
    -- name holds =, so that each text tells one field and one value. Of metadata the paths above
    -- a leaf have its value, too. A value of more than 256 bytes is cut behind the 257th, so that
    -- it equals none that is looked up. The index is used only while the engine's analyzer writes
    -- the expression as it was written here (a disjunction in it, for one, it rewrites): a test
    -- counts the rows that are read.
    facts Array(String) ALIAS arrayFilter(f -> f != '', arrayConcat(
        [if(empty(action), '', concat('action=', substring(action, 1, 257))),
            if(empty(crud), '', concat('crud=', substring(crud, 1, 257))),
            if(empty(outcome), '', concat('outcome=', substring(outcome, 1, 257))),
            if(empty(severity), '', concat('severity=', substring(severity, 1, 257))),
            if(empty(reason_code), '', concat('reason.code=', substring(reason_code, 1, 257))),
            if(empty(actor_type), '', concat('actor.type=', substring(actor_type, 1, 257))),
            if(empty(actor_id), '', concat('actor.id=', substring(actor_id, 1, 257))),
            if(empty(actor_email), '', concat('actor.email=', substring(actor_email, 1, 257))),
            if(empty(agent_id), '', concat('agent.id=', substring(agent_id, 1, 257))),
            if(empty(agent_model), '', concat('agent.model=', substring(agent_model, 1, 257))),
            if(empty(agent_tool), '', concat('agent.tool=', substring(agent_tool, 1, 257))),
            if(empty(context_ip), '', concat('context.ip=', substring(context_ip, 1, 257))),
            if(empty(context_session_id), '', concat('context.session_id=', substring(context_session_id, 1, 257))),
            if(empty(context_channel), '', concat('context.channel=', substring(context_channel, 1, 257))),
            if(empty(context_service), '', concat('context.service=', substring(context_service, 1, 257))),
            if(empty(context_release), '', concat('context.release=', substring(context_release, 1, 257))),
            if(empty(purpose_code), '', concat('purpose.code=', substring(purpose_code, 1, 257)))],
        arrayMap(v -> if(empty(v), '', concat('action_words=', substring(v, 1, 257))),
            action_words),
        arrayMap(v -> if(empty(v), '', concat('actor.roles=', substring(v, 1, 257))), actor_roles),
        arrayMap(v -> if(empty(v), '', concat('targets.type=', substring(v, 1, 257))),
            targets_type),
        arrayMap(v -> if(empty(v), '', concat('targets.id=', substring(v, 1, 257))), targets_id),
        arrayMap(v -> if(empty(v), '', concat('targets.subject.id=', substring(v, 1, 257))),
            targets_subject_id),
        arrayFlatten(arrayMap((p, v) -> arrayMap(
            n -> if(empty(v), '', concat('metadata.', arrayStringConcat(
                arraySlice(splitByChar('.', p), 1, n), '.'), '=', substring(v, 1, 257))),
            range(1, if(position(p, '=') > 0, 1, 2 + countSubstrings(p, '.')))),
            metadata_path, metadata_text)))),
    INDEX words words TYPE text(tokenizer = splitByNonAlpha),
    INDEX facts facts TYPE text(tokenizer = 'array'),
    -- For who asks for stretches of a log: whatever is tailed, exported or mended.
    INDEX place `index` TYPE minmax
)
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant, stream, occurred_at, id)
-- A granule is what is read for one row that is found somewhere: small ones make rare words cheap.
SETTINGS
    index_granularity = 1024,
    non_replicated_deduplication_window = 1000,
    replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

-- exists: whether there is such a table
EXISTS TABLE {table:Identifier};

-- drop: gone when it returns, files too
DROP TABLE IF EXISTS {table:Identifier} SYNC;

-- exchange: each table gets the other's name, at once
EXCHANGE TABLES {table:Identifier} AND {other:Identifier};
