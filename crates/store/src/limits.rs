//! Every bound of the store, in one place.

/// Writes that may wait for the writer. Further callers wait before they queue.
pub const WRITE_QUEUE: usize = 4096;
/// Writes that SQLite takes into one transaction.
pub const SQLITE_BATCH: usize = 1024;
/// Writes that PostgreSQL takes into one transaction. More than 64 subtransactions would spill out
/// of its shared cache and slow down every reader.
pub const POSTGRES_BATCH: usize = 60;
/// Reads that may wait for a reader.
pub const READ_QUEUE: usize = 4096;
/// Connections that read, unless the configuration says otherwise.
pub const READERS: usize = 4;
/// Unwrapped data keys kept in memory (about a kilobyte each).
pub const KEY_CACHE: usize = 1 << 16;
/// Purposes of keyed hashes whose subkey is kept.
pub const HASH_PURPOSES: usize = 256;
/// Milliseconds that an engine waits for a lock or a connection.
pub const ENGINE_WAIT_MS: u64 = 5000;
/// Milliseconds between two tries to connect to a database that fails: from the second failure on, and at most.
pub const RETRY_MS_MIN: u64 = 50;
pub const RETRY_MS_MAX: u64 = 1000;
/// Milliseconds after which a connection to PostgreSQL that owes an answer counts as dead.
pub const POSTGRES_ANSWER_MS: u64 = 15_000;
/// Milliseconds without use after which a connection is tried before it is trusted with a closure.
pub const IDLE_PROBE_MS: i64 = 1000;
/// Milliseconds for which what was read of people is taken for true where other processes may write to the
/// database, too. Changes that this process makes count at once.
pub const OTHERS_WRITE_MS: i64 = 1000;
/// Statements that are sent to PostgreSQL ahead of their answers.
pub const POSTGRES_PIPELINE: usize = 256;
/// Bytes of a page of SQLite's. A commit writes whole pages, of which a message changes a few bytes each: half
/// of the usual size is half of the bytes. Smaller ones make deeper trees, which cost more than they save.
pub const SQLITE_PAGE_BYTES: usize = 2048;
/// Pages of SQLite's log after which the background folds it into the database file. The longer it waits, the
/// more often a page was written to the log that is written to the file once; a start reads what is left.
pub const WAL_FOLD_PAGES: i32 = 16_000;
/// Pages of SQLite's log after which the writer itself folds it, because the background is behind.
pub const WAL_STALL_PAGES: i32 = 64_000;
/// SQLite's page cache of each connection, in KiB.
pub const SQLITE_CACHE_KIB: i64 = 64 * 1024;
/// Pages that a backup of SQLite copies before it looks around.
pub const BACKUP_STEP_PAGES: i32 = 4096;
/// How far the numbers of messages and events jump when a backup is restored: more than anybody can have
/// got between the backup and the loss, and more than a device is told of one by one.
pub const RESTORE_LEAP: i64 = 1_000_000;
/// The oldest PostgreSQL that is supported, as it counts its own versions.
pub const POSTGRES_VERSION: i64 = 150_000;

/// Data keys that are opened when somebody asks whether the root key does.
pub const EXAMINED_KEYS: i64 = 10_000;
