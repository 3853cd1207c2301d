CREATE TABLE names (
  id       INTEGER PRIMARY KEY,
  name     TEXT    NOT NULL UNIQUE,
  held     INTEGER NOT NULL, -- what stands at the path here: 0 nothing, 1 something, 2 a tombstone
  sequence INTEGER,          -- of what we announce; null if we announce nothing
  dirty    INTEGER NOT NULL, -- the pass it waits for
  open     INTEGER NOT NULL, -- the pass it would wait for if nobody had settled it
  flags    INTEGER NOT NULL,
  inode    INTEGER,          -- of a file that is here
  state    BLOB    NOT NULL  -- versions, who announces them, and what the disk says
);
CREATE INDEX names_sequence ON names(sequence) WHERE sequence IS NOT NULL;
CREATE INDEX names_dirty ON names(dirty, name) WHERE dirty > 0;
CREATE INDEX names_open ON names(name) WHERE open > dirty; -- settled, but not as its heads say
CREATE INDEX names_flags ON names(name) WHERE flags > 0;
CREATE INDEX names_inode ON names(inode) WHERE inode IS NOT NULL;

-- Live versions by the first 8 bytes of their content's hash.
CREATE TABLE contents (
  hash INTEGER NOT NULL,
  name INTEGER NOT NULL,
  PRIMARY KEY (hash, name)
) WITHOUT ROWID;

-- Those that came last: see contents.go.
CREATE TABLE contents_new (
  hash INTEGER NOT NULL,
  name INTEGER NOT NULL,
  PRIMARY KEY (hash, name)
) WITHOUT ROWID;

-- Block lists: id is the name's id times 65536 plus the list's number there.
CREATE TABLE lists (
  id   INTEGER PRIMARY KEY,
  list BLOB NOT NULL
);

-- The other devices. Their numbers stand in names.state.
CREATE TABLE devices (
  id             INTEGER PRIMARY KEY,
  device         BLOB    NOT NULL UNIQUE,
  index_id       INTEGER NOT NULL DEFAULT 0,
  sequence       INTEGER NOT NULL DEFAULT 0,
  records        INTEGER NOT NULL DEFAULT 0, -- highest record sequence known
  behind_names   INTEGER NOT NULL DEFAULT 0, -- to be added to folder.live_names,
  behind_bytes   INTEGER NOT NULL DEFAULT 0  -- live_bytes: what it needs of us
);

-- One row: who this index is, and sums.
CREATE TABLE folder (
  id                   INTEGER PRIMARY KEY CHECK (id = 1),
  replica              INTEGER NOT NULL,
  index_id             INTEGER NOT NULL,
  made                 INTEGER NOT NULL, -- when replica and index_id were, unix seconds
  clean                INTEGER NOT NULL, -- closed in order since the last write
  sequence             INTEGER NOT NULL DEFAULT 0,
  record_sequence      INTEGER NOT NULL DEFAULT 0,
  files                INTEGER NOT NULL DEFAULT 0,
  directories          INTEGER NOT NULL DEFAULT 0,
  symlinks             INTEGER NOT NULL DEFAULT 0,
  tombstones           INTEGER NOT NULL DEFAULT 0,
  bytes                INTEGER NOT NULL DEFAULT 0,
  need_files           INTEGER NOT NULL DEFAULT 0,
  need_bytes           INTEGER NOT NULL DEFAULT 0,
  conflicts            INTEGER NOT NULL DEFAULT 0,
  receive_only_changed INTEGER NOT NULL DEFAULT 0,
  live_names           INTEGER NOT NULL DEFAULT 0, -- what a device that announces nothing needs of us
  live_bytes           INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE intents (
  id     INTEGER PRIMARY KEY AUTOINCREMENT, -- an ID is never given twice
  intent BLOB NOT NULL
);

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE records (
  kind     TEXT    NOT NULL,
  key      TEXT    NOT NULL,
  version  BLOB    NOT NULL,
  sequence INTEGER NOT NULL UNIQUE,
  payload  BLOB    NOT NULL,
  PRIMARY KEY (kind, key)
) WITHOUT ROWID;
