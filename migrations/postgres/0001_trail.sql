-- Facts are appended, never edited: nothing here has an update but the head of a log, the ranges of
-- a zone, and the keys that values are encrypted under. Only text, bigint and bytea columns, and no
-- defaults: the store says everything.

create table trail (
    id             text   not null primary key  -- TrailId; part of the origin of every checkpoint
);

create table tenant (
    tenant         bigint not null primary key, -- stands for the name in every other key
    name           text   not null unique
);

create table head (
    tenant         bigint not null primary key references tenant (tenant),
    size           bigint not null,             -- entries in the log; the next index
    root           bytea  not null              -- RFC 6962 root over them, 32 bytes
);

create table record (
    tenant         bigint not null,
    log_index      bigint not null,             -- from 0, without gaps
    id             bytea  not null,             -- RecordId, 16 bytes
    kind           bigint not null,
    at_us          bigint not null,             -- when it happened
    entry          bytea  not null,             -- exactly the bytes hashed into the log
    primary key (tenant, log_index)
);
create unique index record_id on record (tenant, id);
create index record_kind on record (tenant, kind, log_index);

-- What a record holds, one row for each owner of values: a unit of encryption and of erasure. Slot 0
-- is the tenant's; every other one is encrypted.
create table slot (
    tenant         bigint not null,
    log_index      bigint not null,
    slot           bigint not null,
    payload        bytea  not null,
    primary key (tenant, log_index, slot)
);

-- Keys of entities, each encrypted under the key of its tenant. When they go, so do the values.
create table entity_key (
    tenant         bigint not null,
    entity         bytea  not null,             -- keyed hash of type:id, 16 bytes
    number         bigint not null,             -- which of the entity's keys
    epoch          bigint not null,             -- of the tenant's key it is encrypted under
    wrapped        bytea  not null,             -- nonce, key and tag, 60 bytes
    primary key (tenant, entity, number)
);

-- Shared texts, stored once.
create table shared_text (
    tenant         bigint not null,
    sha256         bytea  not null,             -- of the text
    body           bytea  not null,
    primary key (tenant, sha256)
);

-- Projections: rebuilt from the records.
-- C2SP tlog-tiles. Of level 0 only full tiles are stored: the last, partial one is the hashes of the
-- last entries. Of the levels above, the partial tile is stored too, and grows by one hash for each
-- full tile below it.
create table tile (
    tenant         bigint not null,
    level          bigint not null,
    tile_index     bigint not null,
    hashes         bytea  not null,             -- 1 to 256 of 32 bytes
    primary key (tenant, level, tile_index)
);

-- The bucket (log_index / 1024) leads, so that inserts stay in a small hot tail.
create table lookup (
    tenant         bigint not null,
    bucket         bigint not null,
    lookup_key     bigint not null,
    log_index      bigint not null,
    primary key (tenant, bucket, lookup_key, log_index)
);

create table zone (
    tenant         bigint not null,
    bucket         bigint not null,
    first_us       bigint not null,             -- the earliest at_us of the bucket
    last_us        bigint not null,             -- the latest
    primary key (tenant, bucket)
);

-- What is compressed or encrypted already is not tried again.
alter table record alter column entry set storage external;
alter table slot alter column payload set storage external;
alter table shared_text alter column body set storage external;
alter table tile alter column hashes set storage external;
